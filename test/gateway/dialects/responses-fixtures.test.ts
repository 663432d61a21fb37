import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

import { responsesDialect } from '../../../gateway/dialects/responses.ts'

/** A request in OpenAI's words for Responses, and what a chat model answered to it. */
interface Fixture {
  readonly about: string
  readonly fields: Record<string, unknown>
  readonly answer: unknown
  readonly chunks: readonly unknown[]
}

const folder = new URL('../../fixtures/responses/', import.meta.url)
const files = readdirSync(folder).filter((file) => /^(?!.*\.golden).*\.json$/.test(file))

test.each(files)('%s', async (file) => {
  const { fields, answer, chunks }: Fixture = JSON.parse(
    readFileSync(new URL(file, folder), 'utf8'),
  )
  const asked = {
    model: 'asked',
    fields,
    answerId: 'resp_abc123',
    createdSeconds: 1_700_000_000,
    nowSeconds: () => 1_700_000_002,
  }
  const stream = responsesDialect.createStream(asked)
  const outcome = {
    chat: responsesDialect.toChat(fields),
    answer: responsesDialect.toAnswer(answer, asked),
    events: [...chunks.map((chunk) => stream.onChunk(chunk)), stream.end()].join('').split('\n\n'),
  }
  const golden = new URL(file.replace('.json', '.golden.json'), folder)
  await expect(`${JSON.stringify(outcome, null, 2)}\n`).toMatchFileSnapshot(golden.pathname)
})
