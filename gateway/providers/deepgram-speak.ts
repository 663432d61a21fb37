import { invalid } from './dialect-limits.ts'
import type { ModelRequest, Target, Translated, UpstreamCall } from './provider.ts'
import { queryPath } from './query-path.ts'
import type { JsonObject } from './read-json.ts'
import {
  formatIn,
  notJson,
  readSpeech,
  soundType,
  speechFields,
  speedIn,
  spokenText,
  typeOfFormat,
} from './speech-fields.ts'
import { openAiVoices, voiceIn } from './voices.ts'

/** OpenAI's speech over `/v1/speak`: all but the text stands in the query. */
export const speak: Translated = {
  kind: 'translated',
  toUpstream,
  toAnswer: notJson,
  bytesType: ({ fields, model }, told) => soundType(typeOfFormat(fields, formats), told, model),
}

const formats: Readonly<Record<string, JsonObject>> = {
  mp3: { encoding: 'mp3' },
  opus: { encoding: 'opus', container: 'ogg' },
  aac: { encoding: 'aac' },
  flac: { encoding: 'flac' },
  wav: { encoding: 'linear16', container: 'wav', sample_rate: 24_000 },
  pcm: { encoding: 'linear16', container: 'none', sample_rate: 24_000 },
}

const unsent: ReadonlySet<string> = new Set([...speechFields, 'callback', 'callback_method'])

function toUpstream(request: ModelRequest, target: Target): UpstreamCall {
  const fields = readSpeech(request, target)
  const others = Object.entries(fields).filter(([name]) => !unsent.has(name))
  const speed = speedIn(fields, { slowest: 0.7, fastest: 1.5 }, target)
  const path = queryPath('/v1/speak', {
    ...(formatIn(fields, formats, target) ?? formats.mp3),
    ...(speed !== undefined && speed !== 1 && { speed }),
    ...Object.fromEntries(others),
    model: modelOf(target.model, voiceIn(fields)),
  })
  return { method: 'POST', path, body: { text: spokenText(fields) } }
}

/** Both families have these. */
const stock: Readonly<Record<string, string>> = {
  alloy: 'asteria',
  ash: 'arcas',
  ballad: 'orpheus',
  cedar: 'zeus',
  coral: 'hera',
  echo: 'orion',
  fable: 'athena',
  marin: 'luna',
  nova: 'luna',
  onyx: 'zeus',
  sage: 'athena',
  shimmer: 'hera',
  verse: 'orpheus',
}

/** A voice is part of a model's name there: `aura-2-thalia-en`. One that the module names stands for OpenAI's. */
function modelOf(model: string, voice: string | undefined): string {
  const [, family, own, language = 'en'] =
    /^(aura(?:-\d+)?)(?:-([a-z]{3,}))?(?:-([a-z]{2}))?$/.exec(model) ?? []
  if (voice === undefined && own !== undefined) return model
  const asked = (voice ?? 'alloy').toLowerCase()
  if (!/^[a-z0-9-]{2,64}$/.test(asked))
    throw invalid('voice', 'must be a name such as thalia, or aura-2-thalia-en.')
  if (asked.startsWith('aura-')) return asked
  if (family === undefined || (own !== undefined && openAiVoices.has(asked))) return model
  return `${family}-${stock[asked] ?? asked}-${language}`
}
