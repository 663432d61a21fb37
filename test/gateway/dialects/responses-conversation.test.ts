import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import {
  inputItems,
  joinKept,
  previousNotFound,
  referencesIn,
  turnOf,
} from '../../../gateway/dialects/responses-conversation.ts'
import { responsesDialect } from '../../../gateway/dialects/responses.ts'
import { GatewayError } from '../../../gateway/errors/gateway-error.ts'

const stem = '0123456789abcdef0123456789abcdef'
const asked = { model: 'asked', answerId: `resp_${stem}`, createdSeconds: 1 }

/** A turn as it would be kept. */
function keptTurn(fields: Record<string, unknown>, message: Record<string, unknown>) {
  const response = responsesDialect.toAnswer({ choices: [{ message }] }, { ...asked, fields })
  return turnOf({ input: inputItems(fields, asked.answerId), response })
}

test('a request that continues another is the whole conversation, without its instructions', () => {
  const kept = keptTurn({ input: 'Hi', instructions: 'Be short.' }, { content: 'Hello.' })
  const next = { input: 'And?', instructions: 'Be long.', previous_response_id: asked.answerId }
  expect(referencesIn(next)).toEqual({ previous: asked.answerId, responses: [] })
  expect(responsesDialect.toChat(joinKept(next, [kept]).fields).messages).toEqual([
    { role: 'system', content: 'Be long.' },
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hello.' },
    { role: 'user', content: 'And?' },
  ])
})

test('the output of a tool follows the call that is kept', () => {
  const call = { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }
  const kept = keptTurn({ input: 'Hi' }, { content: null, tool_calls: [call] })
  const next = { input: [{ type: 'function_call_output', call_id: 'a', output: 'ok' }] }
  expect(responsesDialect.toChat(joinKept(next, [kept]).fields).messages).toEqual([
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: null, tool_calls: [call] },
    { role: 'tool', tool_call_id: 'a', content: 'ok' },
  ])
})

test('an item is found by a reference, through the response its id holds', () => {
  const kept = keptTurn({ input: 'Hi' }, { content: 'Hello.' })
  const next = {
    input: [
      { id: `msg_${stem}_i0` },
      { type: 'item_reference', id: `msg_${stem}_0` },
      { role: 'user', content: 'And?' },
    ],
  }
  expect(referencesIn(next)).toEqual({ previous: undefined, responses: [asked.answerId] })
  expect(responsesDialect.toChat(joinKept(next, [], [kept]).fields).messages).toMatchObject([
    { content: 'Hi' },
    { content: 'Hello.' },
    { content: 'And?' },
  ])
  const { own } = joinKept(next, [], [kept])
  expect(inputItems(own, 'resp_next').map(({ id }) => id)).toEqual([
    `msg_${stem}_i0`,
    `msg_${stem}_0`,
    'msg_next_i2',
  ])
  expect(() => joinKept(next, [])).toThrow(expect.objectContaining({ param: 'input[0].id' }))
})

test('a request that stands alone refers to nothing', () => {
  expect(referencesIn({ input: 'Hi', previous_response_id: null })).toBeUndefined()
  expect(referencesIn({ input: [{ role: 'user', content: 'Hi', id: 'x' }] })).toBeUndefined()
})

test('input is kept as items with ids of their own', () => {
  const input = [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Yes?' },
    { type: 'function_call_output', call_id: 'a', output: 'ok', id: 'mine' },
  ]
  expect(inputItems({ input }, 'resp_x')).toEqual([
    {
      id: 'msg_x_i0',
      type: 'message',
      role: 'user',
      status: 'completed',
      content: [{ type: 'input_text', text: 'Hi' }],
    },
    {
      id: 'msg_x_i1',
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: 'Yes?' }],
    },
    { type: 'function_call_output', call_id: 'a', output: 'ok', id: 'mine' },
  ])
})

test('a response that is not kept is refused in OpenAI’s words', () => {
  expect(previousNotFound('resp_x')).toMatchObject({
    status: 400,
    param: 'previous_response_id',
    upstream: { code: 'previous_response_not_found' },
    message: expect.stringContaining("Previous response with id 'resp_x' not found"),
  })
})

test('whatever a request holds, it is joined or refused as the caller’s fault', () => {
  const turn = fc.record({ input: fc.array(fc.jsonValue()), output: fc.array(fc.jsonValue()) })
  const item = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.record({ id: fc.oneof(fc.string(), fc.constant(`msg_${stem}_0`)) }),
    fc.record({ type: fc.constantFrom('item_reference', 'message'), id: fc.jsonValue() }),
  )
  const fields = fc.record({
    input: fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.array(item)),
    previous_response_id: fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.string()),
  })
  fc.assert(
    fc.property(fields, fc.array(turn), (asks, turns) => {
      try {
        referencesIn(asks)
        inputItems(asks, 'resp_1')
        expect(Array.isArray(joinKept(asks, turns, turns).fields.input)).toBe(true)
      } catch (thrown) {
        if (!(thrown instanceof GatewayError)) throw thrown
        expect(thrown.code).toBe('invalid_request')
      }
    }),
    { numRuns: 500 },
  )
})
