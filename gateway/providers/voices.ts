import { isObject } from '../../modules/json-object.ts'
import { isGiven, textOf, type JsonObject } from './read-json.ts'
import { invalid } from './dialect-limits.ts'

/** OpenAI's own voices, which its clients ask for by habit. */
export const openAiVoices: ReadonlySet<string> = new Set([
  'alloy',
  'ash',
  'ballad',
  'cedar',
  'coral',
  'echo',
  'fable',
  'marin',
  'nova',
  'onyx',
  'sage',
  'shimmer',
  'verse',
])

/** The voice that is asked for: a name, or an object with an id. */
export function voiceIn({ voice }: JsonObject): string | undefined {
  if (!isGiven(voice)) return undefined
  const written = isObject(voice)
    ? (textOf(voice.id) ?? textOf(voice.voice_id) ?? textOf(voice.name))
    : textOf(voice)
  const name = written?.trim()
  if (name === undefined || name === '') throw invalid('voice', "must be a voice's name or id.")
  return name
}
