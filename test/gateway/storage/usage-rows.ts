import { randomUUID } from 'node:crypto'
import type { UsageRow } from '../../../gateway/accounting/usage.ts'

/** A settled exchange as the gateway records it; ids differ. */
export function usageRow(changes: Partial<UsageRow> = {}): UsageRow {
  return {
    id: randomUUID(),
    module: 'llm',
    endpoint: 'chat-completions',
    model: 'qwen',
    deploymentId: 'c0ffee00c0ffee00',
    provider: 'ollama_chat',
    upstreamModel: 'qwen3:8b',
    caller: 'master',
    status: 200,
    outcome: 'ok',
    isStream: true,
    attempts: 1,
    startedAtMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    durationMs: 1234,
    firstByteMs: 56,
    usage: { promptTokens: 17, completionTokens: 5, totalTokens: 22 },
    ...changes,
  }
}
