import { expect, test } from 'vitest'

import { responsesDialect } from '../../../gateway/dialects/responses.ts'
import { readJsonRequest } from '../../../gateway/pipeline/json-request.ts'
import { continueKept, isToBeKept, rowOf } from '../../../gateway/pipeline/kept-responses.ts'
import { setUpStorage, untilConnected } from '../storage/set-up.ts'

const { open } = setUpStorage()
const owner = { module: 'llm', caller: 'key-1' }
const idOf = (digit: string) => `resp_${digit.repeat(32)}`

const requestOf = (fields: object) => readJsonRequest(Buffer.from(JSON.stringify(fields)))

test('a conversation goes on over several turns, each keeping only what is its own', async () => {
  const storage = open()
  await untilConnected(storage)
  const room = storage.responses

  async function turn(id: string, asked: object, said: string) {
    const request = requestOf(asked)
    const continued = await continueKept(request, owner, room)
    const { fields } = continued?.request ?? request
    const response = responsesDialect.toAnswer(
      { choices: [{ message: { content: said } }] },
      {
        model: 'm',
        fields,
        answerId: id,
        createdSeconds: 1,
        ...(continued?.previousId !== undefined && { previousId: continued.previousId }),
      },
    )
    const previousId = continued?.previousId
    const row = rowOf(response, continued?.own ?? fields, { ...owner, previousId })
    expect(await room.keep(row, 60_000)).toBe(true)
    const messages = responsesDialect.toChat(fields).messages
    return { response, row, messages: Array.isArray(messages) ? messages : [] }
  }

  await turn(idOf('a'), { input: 'one' }, 'eins')
  const second = await turn(idOf('b'), { input: 'two', previous_response_id: idOf('a') }, 'zwei')
  expect(second.response.previous_response_id).toBe(idOf('a'))
  expect(second.row.input).toHaveLength(1)
  const third = await turn(
    idOf('c'),
    {
      input: [
        { type: 'item_reference', id: `msg_${'b'.repeat(32)}_0` },
        { role: 'user', content: 'three' },
      ],
      previous_response_id: idOf('b'),
    },
    'drei',
  )
  expect(third.messages.map((message: { content?: unknown }) => message.content)).toEqual([
    'one',
    'eins',
    'two',
    'zwei',
    'zwei',
    'three',
  ])
  expect(third.row.input).toHaveLength(2)

  await room.remove(owner, idOf('a'))
  const broken = requestOf({ input: 'four', previous_response_id: idOf('c') })
  await expect(continueKept(broken, owner, room)).rejects.toMatchObject({
    status: 400,
    upstream: { code: 'previous_response_not_found' },
    message: expect.stringContaining(idOf('a')),
  })
})

test('an id of ours that is not kept is refused, and one of another key', async () => {
  const storage = open()
  await untilConnected(storage)
  const request = requestOf({ input: 'x', previous_response_id: idOf('d') })
  const notFound = { upstream: { code: 'previous_response_not_found' } }
  await expect(continueKept(request, owner, storage.responses)).rejects.toMatchObject(notFound)
  const row = rowOf(
    { id: idOf('d'), output: [] },
    { input: 'x' },
    { ...owner, previousId: undefined },
  )
  await storage.responses.keep(row, 60_000)
  const stranger = { module: 'llm', caller: 'key-2' }
  await expect(continueKept(request, stranger, storage.responses)).rejects.toMatchObject(notFound)
  expect(await continueKept(request, owner, storage.responses)).toBeDefined()
})

test('a caller that goes on at once meets its answer, though it is still being stored', async () => {
  const [one, other] = [open(), open()]
  await Promise.all([untilConnected(one), untilConnected(other)])
  const row = rowOf(
    { id: idOf('e'), output: [] },
    { input: 'x' },
    { ...owner, previousId: undefined },
  )
  const next = requestOf({ input: 'y', previous_response_id: idOf('e') })
  const asking = [one, other].map(({ responses }) => {
    const looking = () => continueKept(next, owner, responses)
    return responses === one.responses ? Promise.resolve().then(looking) : looking()
  })
  const keeping = one.responses.keep(row, 60_000)
  expect((await Promise.all(asking)).map((found) => found?.previousId)).toEqual([
    idOf('e'),
    idOf('e'),
  ])
  expect(await keeping).toBe(true)
})

test('what stands alone, or is an upstream’s own, asks no database', async () => {
  const { responses } = open({ databaseUrl: () => undefined })
  for (const fields of [
    { input: 'x' },
    { input: 'x', previous_response_id: 'resp_68e0f1aa00c48190ab51d1f0f2a7be5c0a1b2c3d4e5f6071' },
    {
      input: [
        { type: 'item_reference', id: 'msg_68e0f1aa00c48190ab51d1f0f2a7be5c0a1b2c3d4e5f6071' },
      ],
    },
  ])
    expect(await continueKept(requestOf(fields), owner, responses)).toBeUndefined()
  const ours = requestOf({ input: 'x', previous_response_id: idOf('f') })
  await expect(continueKept(ours, owner, responses)).rejects.toMatchObject({
    code: 'storage_unavailable',
  })
})

test('an answer is kept where the module does so and the caller does not say no', () => {
  expect(isToBeKept({}, 1000)).toBe(true)
  expect(isToBeKept({ store: true }, 1000)).toBe(true)
  expect(isToBeKept({ store: false }, 1000)).toBe(false)
  expect(isToBeKept({ store: true }, undefined)).toBe(false)
})
