import { invalid } from './dialect-limits.ts'

/** Voices that every account has, or that LiteLLM's users know. */
const stock: ReadonlyMap<string, string> = new Map([
  ['alice', 'Xb7hH8MSUJpSbSDYk0k2'],
  ['aria', '9BWtsMINqrJLrRacOk9x'],
  ['bill', 'pqHfZKP75CvOlQylNhV4'],
  ['brian', 'nPczCjzI2devNBXQ1zQb'],
  ['callum', 'N2lVS1w4EtoT3dr4eOWO'],
  ['charlie', 'IKne3meq5aSn9XLyUdCD'],
  ['chris', 'iP95p4xoKVk53GoZ742B'],
  ['daniel', 'onwK4e9ZLuTAKqWW03F9'],
  ['eric', 'cjVigY5qzO86Huf0OWal'],
  ['george', 'JBFqnCBsd6RMkjVDRZzb'],
  ['jessica', 'cgSgspJ2msm6clMCkdW9'],
  ['laura', 'FGY2WhTYpPnrIDTdsKH5'],
  ['liam', 'TX3LPaxmHKxFdv7VOQHJ'],
  ['matilda', 'XrExE9yKIg1WjnnlVkGX'],
  ['rachel', '21m00Tcm4TlvDq8ikWAM'],
  ['river', 'SAz9YHcvj6GT2YYXdXww'],
  ['roger', 'CwhRBWXzGAHq8TQ4Fs17'],
  ['sarah', 'EXAVITQu4vr4xnSDxMaL'],
  ['will', 'bIHbv24MWmeRgasZH58o'],
])

/** OpenAI's names, and a few more that LiteLLM has, by its choice of voices where it made one. */
const aliases: ReadonlyMap<string, string> = new Map([
  ['alloy', '21m00Tcm4TlvDq8ikWAM'],
  ['amber', '5Q0t7uMcjvnagumLfvZi'],
  ['ash', 'AZnzlk1XvdvUeBnXmlld'],
  ['august', 'D38z5RcWu1voky8WS1ja'],
  ['blue', '2EiwWnXFnvU5JabPnv8n'],
  ['coral', '9BWtsMINqrJLrRacOk9x'],
  ['lily', 'EXAVITQu4vr4xnSDxMaL'],
  ['onyx', '29vD33N1CtxCmqQRPOHJ'],
  ['sage', 'CwhRBWXzGAHq8TQ4Fs17'],
  ['verse', 'CYw3kZ02Hs0563khs1Fj'],
  ['ballad', 'JBFqnCBsd6RMkjVDRZzb'],
  ['cedar', 'nPczCjzI2devNBXQ1zQb'],
  ['echo', 'cjVigY5qzO86Huf0OWal'],
  ['fable', 'onwK4e9ZLuTAKqWW03F9'],
  ['marin', 'cgSgspJ2msm6clMCkdW9'],
  ['nova', 'FGY2WhTYpPnrIDTdsKH5'],
  ['shimmer', 'XrExE9yKIg1WjnnlVkGX'],
])

/** The id of a voice by a name of OpenAI's, a stock voice's own name, or an id. */
export function voiceId(voice: string | undefined): string {
  if (voice === undefined)
    throw invalid('voice', 'is missing: name one such as alloy, or the id of a voice of yours.')
  const name = voice.toLowerCase()
  const known = aliases.get(name) ?? stock.get(name)
  if (known !== undefined) return known
  // It becomes part of a path.
  if (/^[A-Za-z0-9_-]{10,64}$/.test(voice)) return voice
  throw invalid(
    'voice',
    'must be a name of OpenAI’s such as alloy, a stock voice such as george, or the id of a voice.',
  )
}
