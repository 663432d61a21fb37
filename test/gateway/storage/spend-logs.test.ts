import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toLine } from '../../../gateway/storage/spend-logs.ts'
import { usageRow } from './usage-rows.ts'

const parsed = (changes: Parameters<typeof usageRow>[0]): unknown =>
  JSON.parse(toLine(usageRow(changes)))

test('a line tells what is known and leaves the rest out', () => {
  const id = '09ec55fd-ab5c-8657-941a-000000000000'
  const usage = { promptTokens: 17, images: 2, audioSeconds: 1.5 }
  expect(parsed({ id, usage, endUser: 'a "b"', tags: ['x', 'ü'], costNano: 12 })).toEqual({
    started_at_ms: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    id,
    prompt_tokens: 17,
    images: 2,
    audio_seconds: 1.5,
    cost_nano: 12,
    duration_ms: 1234,
    first_byte_ms: 56,
    status: 200,
    attempts: 1,
    is_stream: true,
    module: 'llm',
    endpoint: 'chat-completions',
    model: 'qwen',
    deployment_id: 'c0ffee00c0ffee00',
    provider: 'ollama_chat',
    upstream_model: 'qwen3:8b',
    caller: 'master',
    end_user: 'a "b"',
    tags: ['x', 'ü'],
    outcome: 'ok',
  })
})

test('any text and any number makes a line of JSON that Postgres can store', () => {
  const text = fc.string({ unit: 'binary', maxLength: 400 })
  const number = fc.double()
  fc.assert(
    fc.property(text, text, number, number, (model, endUser, count, milliseconds) => {
      const line = toLine(
        usageRow({
          model,
          endUser,
          tags: [model],
          durationMs: milliseconds,
          startedAtMs: milliseconds,
          usage: { promptTokens: count, audioSeconds: count },
        }),
      )
      expect(line).not.toMatch(/\n|\\u0000/)
      expect(line.isWellFormed()).toBe(true)
      const told: unknown = JSON.parse(line)
      expect(told).toMatchObject({ outcome: 'ok', tags: [expect.any(String)] })
    }),
  )
})
