import { describe, expect, test } from 'vitest'

import { boundPromptTokens, estimatePromptTokens } from '../../../gateway/routing/prompt-tokens.ts'

const chat = (content: unknown) => ({ messages: [{ content }] })

describe('the estimate', () => {
  test.each([
    ['four letters of English', 'quick brown fox '.repeat(20), 80],
    ['one sign of Chinese, about', '敏捷的棕色狐狸跳过了'.repeat(10), 92],
    ['two letters of Cyrillic, about', 'быстрая лиса'.repeat(10), 67],
  ])('takes %s for a token', (_, text, tokens) => {
    expect(estimatePromptTokens(chat(text))).toBe(tokens)
  })

  test('grows with every text of the prompt', () => {
    const text = 'four'.repeat(100)
    expect(estimatePromptTokens(chat(text))).toBe(100)
    expect(estimatePromptTokens({ ...chat(text), system: text })).toBe(200)
    expect(estimatePromptTokens({ input: [text, text], instructions: text })).toBe(300)
    expect(estimatePromptTokens({ prompt: text, tools: [{ description: text }] })).toBe(200)
  })

  test('takes tokens as they are', () => {
    expect(estimatePromptTokens({ input: [[1, 2, 3], [4]] })).toBe(4)
  })

  test('counts a picture as one, however large its bytes', () => {
    const url = `data:image/png;base64,${'A'.repeat(50_000)}`
    expect(estimatePromptTokens(chat([{ image_url: { url } }]))).toBe(250)
    expect(estimatePromptTokens(chat([{ source: { data: url } }]))).toBe(250)
    expect(estimatePromptTokens(chat([{ input_audio: { data: url } }]))).toBe(0)
    expect(estimatePromptTokens({ input: [{ content: [{ file_data: url }] }] })).toBe(0)
  })

  test('leaves out what is no prompt', () => {
    expect(estimatePromptTokens({ model: 'x'.repeat(400), user: 'y', max_tokens: 9 })).toBe(0)
  })
})

describe('the bound', () => {
  test.each(['12 345 6 78 ', 'for(i=0;i<n;i++){a[i]=f(i)}', '敏捷的棕色狐狸', 'быстрая лиса'])(
    'of %s stands between the estimate and one token a byte',
    (text) => {
      const fields = chat(text.repeat(20))
      const bound = boundPromptTokens(fields)
      expect(bound).toBeGreaterThan(1.5 * estimatePromptTokens(fields))
      expect(bound).toBeLessThanOrEqual(Buffer.byteLength(text) * 20 + 4)
    },
  )

  test('leaves room for what templates put around each message', () => {
    const messages = Array.from({ length: 10 }, () => ({ content: '' }))
    expect(boundPromptTokens({ messages })).toBe(40)
  })

  test('takes a picture for a large one', () => {
    expect(boundPromptTokens(chat([{ image_url: {} }]))).toBe(2_008)
  })
})
