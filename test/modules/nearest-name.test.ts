import { expect, test } from 'vitest'
import { editDistance, nearestNames } from '../../modules/nearest-name.ts'

test('two neighbouring letters swapped are one edit', () => {
  expect(editDistance('num_retires', 'num_retries')).toBe(1)
  expect(editDistance('', 'abc')).toBe(3)
  expect(editDistance('kitten', 'sitting')).toBe(3)
})

test('the nearest name comes first, and no more than asked for', () => {
  const known = ['rpm', 'tpm', 'timeout', 'stream_timeout', 'order']
  expect(nearestNames('timout', known, 1)).toEqual(['timeout'])
  expect(nearestNames('pm', known, 5)).toEqual(['rpm', 'tpm'])
})

test('case and separators count for nothing', () => {
  expect(nearestNames('GPT_4.1', ['gpt-4.1', 'qwen'])).toEqual(['gpt-4.1'])
})

test('a part of a name finds the whole', () => {
  expect(nearestNames('qwen3', ['ollama_chat/qwen3:8b', 'llama'])).toEqual(['ollama_chat/qwen3:8b'])
})

test('nothing is suggested where nothing is near', () => {
  expect(nearestNames('zebra', ['rpm', 'timeout'])).toEqual([])
  expect(nearestNames('', ['a', 'b'])).toEqual([])
})

test('a name of a million letters is answered like any other', () => {
  expect(nearestNames('a'.repeat(1_000_000), ['gpt-4.1', 'aaa'])).toEqual(['aaa'])
})
