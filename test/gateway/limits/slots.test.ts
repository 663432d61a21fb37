import { beforeEach, describe, expect, test, vi } from 'vitest'

import { GatewayError } from '../../../gateway/errors/gateway-error.ts'
import { Slots, type Slot, type SlotAsk, type SlotRules } from '../../../gateway/limits/slots.ts'

let time = 0
const now = () => time
beforeEach(() => {
  time = 1_000
})

const queue = { maxWaitMs: 60_000, maxLength: 3 }

function createSlots(rules: Partial<SlotRules> = {}): Slots {
  return new Slots({ total: 1, queue, ...rules }, now)
}

function take(slots: Slots): Slot {
  const slot = slots.tryTake(time)
  if (!slot) throw new Error('no place is free')
  return slot
}

function wait(slots: Slots, ask: Partial<SlotAsk> = {}) {
  return slots.wait({ flow: 'a', tokens: 10, patienceMs: 600_000, ...ask }, time)
}

/** What a rejected wait says. */
async function refusal(slot: Promise<unknown>): Promise<GatewayError> {
  const thrown = await slot.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (thrown instanceof GatewayError) return thrown
  throw new Error('it was not refused')
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
}

test('as many places as there are, and no more, are taken at once', () => {
  const slots = createSlots({ total: 2 })
  const [one] = [take(slots), take(slots)]
  expect(slots.tryTake(time)).toBeUndefined()
  expect(slots.free(time)).toBe(0)
  one?.release()
  expect(slots.free(time)).toBe(1)
  expect(slots.tryTake(time)).toBeDefined()
})

test('a place given back twice is free once', () => {
  const slots = createSlots()
  const slot = take(slots)
  slot.release()
  slot.release()
  expect(slots.free(time)).toBe(1)
})

test('without a queue there is nothing to wait for', async () => {
  const slots = createSlots({ queue: undefined })
  take(slots)
  expect(slots.queued).toBeUndefined()
  expect(await wait(slots).slot).toBeUndefined()
})

test('a queue of no length is none', async () => {
  const slots = createSlots({ queue: { maxWaitMs: 60_000, maxLength: 0 } })
  take(slots)
  expect(slots.queued).toBeUndefined()
  expect(await wait(slots).slot).toBeUndefined()
})

test('when a place will be free is told by how long places were held', () => {
  const slots = createSlots({ total: 2, queue: undefined })
  const first = [take(slots), take(slots)]
  time += 3_000
  for (const slot of first) slot.release()
  expect(slots.slotMs(time)).toBeUndefined()
  take(slots)
  take(slots)
  expect(slots.slotMs(time)).toBe(1_500)
})

test('a caller that waits gets the place when it is free, and knows how long it waited and where it stood', async () => {
  const slots = createSlots()
  const first = take(slots)
  const [second, third] = [wait(slots), wait(slots)]
  expect(slots.queued).toBe(2)
  time += 250
  first.release()
  const slot = await second.slot
  expect(slot).toMatchObject({ queuedMs: 250, queuePosition: 1 })
  time += 100
  slot?.release()
  expect(await third.slot).toMatchObject({ queuedMs: 350, queuePosition: 2 })
  expect(slots.queued).toBe(0)
})

test('nobody overtakes those who wait', () => {
  const slots = createSlots({ total: 2 })
  const [one] = [take(slots), take(slots)]
  const waiting = [wait(slots), wait(slots)]
  slots.grant(1)
  one?.release()
  expect(slots.tryTake(time)).toBeUndefined()
  for (const { leave } of waiting) leave()
})

describe('a queue that is full', () => {
  test('sheds, and says when the place of one more would be free', async () => {
    const slots = createSlots()
    let slot = take(slots)
    time += 4_000
    slot.release()
    slot = take(slots)
    const waiting = Array.from({ length: 3 }, () => wait(slots))
    const shed = await refusal(wait(slots).slot)
    expect(shed).toMatchObject({ code: 'queue_full', status: 503 })
    // Three wait and one runs, four seconds each.
    expect(shed.retryAfterSeconds).toBe(16)
    for (const { leave } of waiting) leave()
  })

  test('says less where several are served at once', async () => {
    const slots = createSlots({ total: 4 })
    const taken = Array.from({ length: 4 }, () => take(slots))
    time += 4_000
    for (const one of taken) one.release()
    for (let n = 0; n < 4; n += 1) take(slots)
    const waiting = Array.from({ length: 3 }, () => wait(slots))
    expect((await refusal(wait(slots).slot)).retryAfterSeconds).toBe(4)
    for (const { leave } of waiting) leave()
  })

  test('takes the next one as soon as somebody leaves', async () => {
    const slots = createSlots()
    take(slots)
    const waiting = Array.from({ length: 3 }, () => wait(slots))
    waiting[1]?.leave()
    expect(await waiting[1]?.slot).toBeUndefined()
    expect(slots.queued).toBe(2)
    waiting.push(wait(slots))
    expect(slots.queued).toBe(3)
    for (const { leave } of waiting) leave()
  })
})

describe('time', () => {
  test('the longest wait ends in queue_full', async () => {
    const slots = createSlots({ queue: { maxWaitMs: 20, maxLength: 5 } })
    take(slots)
    const shed = await refusal(wait(slots).slot)
    expect(shed).toMatchObject({ code: 'queue_full' })
    expect(shed.message).toContain('the longest wait here')
    expect(slots.queued).toBe(0)
  })

  test("the caller's own deadline ends in caller_deadline", async () => {
    const slots = createSlots()
    take(slots)
    expect(await refusal(wait(slots, { patienceMs: 20 }).slot)).toMatchObject({
      code: 'caller_deadline',
    })
    expect(slots.queued).toBe(0)
  })

  test('no timer is left when all are served or have left', async () => {
    const slots = createSlots({ queue: { maxWaitMs: 60_000, maxLength: 100 } })
    const before = timers()
    const first = take(slots)
    const waiting = Array.from({ length: 50 }, (_, n) => wait(slots, { flow: `${n % 7}` }))
    expect(timers()).toBeGreaterThan(before)
    for (const { leave } of waiting.filter((_, n) => n % 2 === 0)) leave()
    first.release()
    await Promise.all(waiting.map(({ slot }) => slot.then((taken) => taken?.release())))
    expect(timers()).toBe(before)
    expect(slots.free(time)).toBe(1)
  })
})

test('places that become more are given to those who wait; those that become fewer are not taken again', async () => {
  const slots = createSlots()
  take(slots)
  const second = wait(slots)
  slots.change({ total: 2, queue })
  const slot = await second.slot
  expect(slot).toBeDefined()
  slots.change({ total: 1, queue })
  slot?.release()
  expect(slots.tryTake(time)).toBeUndefined()
})

test('real use, not the prediction, decides whose turn it is', async () => {
  const slots = createSlots({ queue: { maxWaitMs: 60_000, maxLength: 100 } })
  const first = take(slots)
  const order: string[] = []
  const served = Array.from({ length: 20 }, (_, n) => {
    const flow = n % 2 === 0 ? 'modest' : 'boastful'
    const { slot } = wait(slots, { flow, tokens: flow === 'modest' ? 100 : 4_096 })
    return slot.then((taken) => {
      order.push(flow)
      taken?.release(100)
    })
  })
  first.release()
  await Promise.all(served)
  expect(order.slice(0, 10).filter((flow) => flow === 'boastful')).toHaveLength(5)
})

describe('places shared with other processes', () => {
  const sharing = (more: object = {}) => ({
    onShort: vi.fn(),
    mustPassOn: () => false,
    elsewhere: () => 0,
    lookMs: 60_000,
    ...more,
  })

  test('only those granted are used, and a lack is told', async () => {
    const slots = createSlots({ total: 4 })
    const told = sharing()
    slots.share(told)
    slots.grant(0)
    const waiting = wait(slots)
    expect(told.onShort).toHaveBeenCalledOnce()
    slots.grant(1)
    expect(await waiting.slot).toBeDefined()
    expect(slots.tryTake(time)).toBeUndefined()
  })

  test('what was granted is used only for as long as the grant holds', async () => {
    const slots = createSlots()
    const told = sharing()
    slots.share(told)
    slots.grant(1)
    slots.validUntil = time + 5_000
    take(slots).release()
    time += 6_000
    expect(slots.tryTake(time)).toBeUndefined()
    const waiting = wait(slots)
    expect(told.onShort).toHaveBeenCalledOnce()
    slots.validUntil = time + 5_000
    slots.grant(1)
    expect(await waiting.slot).toBeDefined()
  })

  test('one that is passed on is not taken again', () => {
    const slots = createSlots({ total: 2 })
    slots.share(sharing({ mustPassOn: () => true }))
    slots.grant(2)
    const slot = take(slots)
    slot.release()
    expect(slots.capacity).toBe(1)
  })

  test('one is looked for elsewhere even where nobody may queue', async () => {
    const slots = createSlots({ queue: undefined })
    slots.share(sharing({ elsewhere: () => 1, lookMs: 20 }))
    slots.grant(0)
    expect(slots.free(time)).toBe(1)
    const waiting = wait(slots)
    slots.grant(1)
    expect(await waiting.slot).toBeDefined()
    expect(await wait(slots).slot).toBeUndefined()
  })
})
