import { isObject } from '../../modules/json-object.ts'
import { voiceId } from './elevenlabs-voices.ts'
import type { ModelRequest, Target, Translated, UpstreamCall } from './provider.ts'
import { queryPath } from './query-path.ts'
import { isGiven, textOf, type JsonObject } from './read-json.ts'
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
import { voiceIn } from './voices.ts'

/** OpenAI's speech over `/v1/text-to-speech/{voice}`. */
export const elevenLabsSpeech: Translated = {
  kind: 'translated',
  toUpstream,
  toAnswer: notJson,
  bytesType: ({ fields, model }, told) => soundType(typeOfFormat(fields, formats), told, model),
}

// OpenAI's raw sound has 24,000 samples a second.
const formats: Readonly<Record<string, string>> = {
  mp3: 'mp3_44100_128',
  opus: 'opus_48000_128',
  wav: 'wav_24000',
  pcm: 'pcm_24000',
}
const inQuery: ReadonlySet<string> = new Set(['enable_logging', 'optimize_streaming_latency'])
const spoken: ReadonlySet<string> = new Set([...speechFields, ...inQuery, 'output_format'])

function toUpstream(request: ModelRequest, target: Target): UpstreamCall {
  const fields = readSpeech(request, target)
  const id = voiceId(voiceIn(fields) ?? textOf(fields.voice_id))
  const query = Object.entries(fields).filter(([name]) => inQuery.has(name))
  const others = Object.entries(fields).filter(([name]) => !spoken.has(name))
  return {
    method: 'POST',
    path: queryPath(`/v1/text-to-speech/${id}${request.isStream ? '/stream' : ''}`, {
      output_format: outputFormat(fields, target),
      ...Object.fromEntries(query),
    }),
    body: {
      ...Object.fromEntries(others),
      ...settingsOf(fields, target),
      text: spokenText(fields),
      model_id: target.model,
    },
  }
}

/** Its own words pass: `mp3_22050_32`, `ulaw_8000`. */
function outputFormat(fields: JsonObject, target: Target): string {
  const asked = textOf(fields.output_format) ?? textOf(fields.response_format)
  if (asked !== undefined && /^[a-z]{2,8}_\d{4,5}(_\d{2,3})?$/.test(asked)) return asked
  return formatIn(fields, formats, target) ?? 'mp3_44100_128'
}

function settingsOf(fields: JsonObject, target: Target): JsonObject {
  const speed = speedIn(fields, { slowest: 0.7, fastest: 1.2 }, target)
  const own = isObject(fields.voice_settings) ? fields.voice_settings : {}
  if (speed === undefined) return {}
  return { voice_settings: isGiven(own.speed) ? own : { ...own, speed } }
}
