import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

import type { ChatModel } from '../../../gateway/dialects/caller-dialect.ts'
import { messagesDialect } from '../../../gateway/dialects/messages.ts'

/** A request in Anthropic's words, and what a chat model answered to it. */
interface Fixture {
  readonly about: string
  readonly fields: Record<string, unknown>
  readonly model?: ChatModel
  readonly answer?: unknown
  readonly chunks?: readonly unknown[]
}

const folder = new URL('../../fixtures/messages/', import.meta.url)
const files = readdirSync(folder).filter((file) => /^(?!.*\.golden).*\.json$/.test(file))

test.each(files)('%s', async (file) => {
  const { fields, model, answer, chunks }: Fixture = JSON.parse(
    readFileSync(new URL(file, folder), 'utf8'),
  )
  const asked = { model: 'asked', fields, answerId: 'msg_abc123' }
  const stream = messagesDialect.createStream(asked)
  const outcome = {
    chat: messagesDialect.toChat(fields, model),
    ...(answer !== undefined && { answer: messagesDialect.toAnswer(answer, asked) }),
    ...(chunks && {
      events: [...chunks.map((chunk) => stream.onChunk(chunk)), stream.end()]
        .join('')
        .split('\n\n'),
    }),
  }
  const golden = new URL(file.replace('.json', '.golden.json'), folder)
  await expect(`${JSON.stringify(outcome, null, 2)}\n`).toMatchFileSnapshot(golden.pathname)
})
