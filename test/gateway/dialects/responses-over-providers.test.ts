import { globSync, readFileSync } from 'node:fs'
import OpenAI from 'openai'
import { expect, test } from 'vitest'

import { responsesDialect } from '../../../gateway/dialects/responses.ts'
import { isObject } from '../../../modules/json-object.ts'

/** What each provider makes of its recorded chat answers and streams. */
const folder = new URL('../../fixtures/', import.meta.url)
const outcomes = globSync('*/*.golden.json', { cwd: folder })
  .map((file) => {
    const outcome: unknown = JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
    return { file, outcome: isObject(outcome) ? outcome : {} }
  })
  .filter(({ outcome }) => !isObject(outcome.error))

const asked = { model: 'asked', fields: {}, answerId: 'resp_1', createdSeconds: 1 }

function isChat(value: unknown, object: string): boolean {
  return isObject(value) && value.object === object
}

async function accumulated(events: string) {
  const client = new OpenAI({
    apiKey: 'none',
    fetch: () =>
      Promise.resolve(new Response(events, { headers: { 'content-type': 'text/event-stream' } })),
  })
  return client.responses.stream({ model: 'asked', input: 'Hi' }).finalResponse()
}

const answers = outcomes.filter(
  ({ file, outcome }) => isChat(outcome.answer, 'chat.completion') && !file.startsWith('responses'),
)
const streams = outcomes.flatMap(({ file, outcome: { chunks } }) =>
  Array.isArray(chunks) && isChat(chunks[0], 'chat.completion.chunk')
    ? [{ file, chunks: chunks.map((chunk: unknown) => chunk) }]
    : [],
)

test('the fixtures of several providers are there', () => {
  for (const found of [answers, streams])
    expect(new Set(found.map(({ file }) => file.split('/')[0])).size).toBeGreaterThanOrEqual(3)
})

test.each(answers)('$file is a whole response', ({ outcome }) => {
  const response = responsesDialect.toAnswer(outcome.answer, asked)
  // A filter may leave no word.
  const { status, output } = response
  expect(status === 'incomplete' || (Array.isArray(output) && output.length > 0)).toBe(true)
})

test.each(streams)('$file is a stream the official client takes', async ({ chunks }) => {
  const stream = responsesDialect.createStream(asked)
  const events = [...chunks.map((chunk) => stream.onChunk(chunk)), stream.end()].join('')
  const response = await accumulated(events)
  expect(['completed', 'incomplete']).toContain(response.status)
  const deltas = chunks.flatMap((chunk) => JSON.stringify(chunk).match(/"content":"[^"]+"/g) ?? [])
  if (deltas.length > 0) expect(response.output_text).not.toBe('')
})
