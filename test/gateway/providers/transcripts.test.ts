import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { segmentsOf, type SpacedWord } from '../../../gateway/providers/heard-segments.ts'
import { transcriptOf, transcriptText, type Heard } from '../../../gateway/providers/transcripts.ts'
import { requestFor } from './run-fixture.ts'

const heard = (more: Partial<Heard> = {}): Heard => ({
  text: 'Hello.',
  words: [],
  segments: [{ text: ' Hello.', start: 0, end: 1.5 }],
  ...more,
})
const asking = (fields: Record<string, unknown>) =>
  requestFor({ endpoint: 'audio-transcriptions', fields })
const told = (format: string, more: Partial<Heard> = {}) => {
  const request = asking({ response_format: format })
  return transcriptText(transcriptOf(heard(more), request), request)?.text
}

describe('subtitles', () => {
  test.each([
    [0, '00:00:00,000'],
    [0.0005, '00:00:00,001'],
    [59.9996, '00:01:00,000'],
    [3599.9994, '00:59:59,999'],
    [360_000, '100:00:00,000'],
  ])('%d s is %s', (start, time) =>
    expect(told('srt', { segments: [{ text: 'a', start, end: start }] })).toBe(
      `1\n${time} --> ${time}\na\n\n`,
    ),
  )

  test('an empty line within a segment ends no cue, an arrow begins none', () => {
    const segments = [{ text: 'a\n\n2\nb --> c', start: 0, end: 1 }]
    expect(told('vtt', { segments })).toBe(
      'WEBVTT\n\n00:00:00.000 --> 00:00:01.000\na\n2\nb -> c\n\n',
    )
  })

  test('without segments the whole is one cue, silence is none', () => {
    expect(told('srt', { segments: [], seconds: 2 })).toBe(
      '1\n00:00:00,000 --> 00:00:02,000\nHello.\n\n',
    )
    expect(told('vtt', { segments: [], text: '' })).toBe('WEBVTT\n\n')
  })
})

describe('a verbose transcript', () => {
  test.each([
    ['en', 'english'],
    ['de-AT', 'german'],
    ['fra', 'french'],
    ['english', 'english'],
    ['multi', 'multi'],
    [undefined, ''],
  ])('of %s is in %s', (language, name) => {
    const request = asking({ response_format: 'verbose_json' })
    expect(transcriptOf(heard({ language }), request)['language']).toBe(name)
  })

  test('is as long as its last segment where nobody says', () => {
    const request = asking({ response_format: 'verbose_json' })
    const answer = transcriptOf(heard(), request)
    expect(answer).toMatchObject({ duration: 1.5, task: 'transcribe' })
    expect(answer).not.toHaveProperty('usage')
    expect(answer).not.toHaveProperty('words')
  })
})

describe('segments of words', () => {
  const word = (said: string, start: number, more: Partial<SpacedWord> = {}): SpacedWord => ({
    word: said,
    before: ' ',
    start,
    end: start + 0.5,
    ...more,
  })

  test('end with a sentence, before a pause, with a speaker', () => {
    const words = [
      word('One', 0),
      word('two.”', 0.5),
      word('three', 1),
      word('four', 4),
      word('five', 4.5, { speaker: 'b' }),
    ]
    expect(segmentsOf(words).map(({ text }) => text)).toEqual([
      'One two.”',
      'three',
      'four',
      'five',
    ])
  })

  test('are short enough to be read, and hold every word once and in its order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.stringMatching(/^[a-z]{1,12}[.,]?$/), fc.nat(30)), { maxLength: 200 }),
        (said) => {
          let at = 0
          const words = said.map(([text, tenths]) => word(text, (at += tenths / 10)))
          const segments = segmentsOf(words)
          expect(segments.map(({ text }) => text).join(' ')).toBe(
            said.map(([text]) => text).join(' '),
          )
          for (const { text, start, end } of segments) {
            expect(text.length).toBeLessThanOrEqual(100)
            expect(end).toBeGreaterThanOrEqual(start)
          }
        },
      ),
      { numRuns: 100 },
    )
  })
})
