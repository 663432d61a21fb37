import { invalid } from './dialect-limits.ts'
import type { ModelRequest, Target, Translated, UpstreamCall } from './provider.ts'
import {
  formatIn,
  notJson,
  readSpeech,
  soundType,
  speechFields,
  speedIn,
  spokenText,
} from './speech-fields.ts'
import { openAiVoices, voiceIn } from './voices.ts'

/** OpenAI's speech over Piper's server. */
export const piperSpeech: Translated = {
  kind: 'translated',
  toUpstream,
  toAnswer: notJson,
  // It tells a web page's type.
  bytesType: ({ model }, told) => soundType('audio/wav', told, model),
}

/** By the version of piper-tts: 1.2 takes the bare text, 1.3 JSON at the root, later ones at a path of its own. */
function toUpstream(request: ModelRequest, target: Target): UpstreamCall {
  const fields = readSpeech(request, target)
  formatIn(fields, { wav: 'wav' }, target)
  const text = spokenText(fields)
  const speed = speedIn(fields, { slowest: 0.25, fastest: 4 }, target)
  const [, major = '', minor = ''] = /^(\d+)\.(\d+)/.exec(target.params.apiVersion ?? '') ?? []
  const version = major === '' ? Infinity : Number(major) * 100 + Number(minor)
  if (version < 103) {
    return {
      method: 'POST',
      path: '/',
      sent: { kind: 'text', text, contentType: 'text/plain; charset=utf-8' },
    }
  }
  const others = Object.entries(fields).filter(([name]) => !speechFields.has(name))
  return {
    method: 'POST',
    path: version < 104 ? '/' : '/synthesize',
    body: {
      ...(speed !== undefined && speed !== 1 && { length_scale: 1 / speed }),
      ...Object.fromEntries(others),
      text,
      voice: voiceOf(voiceIn(fields), target),
    },
  }
}

/** OpenAI's voices are none of its own: the module's stands for them. */
function voiceOf(voice: string | undefined, { model }: Target): string {
  if (voice === undefined || openAiVoices.has(voice)) return model
  if (/^[\w.-]{1,100}$/.test(voice)) return voice
  throw invalid('voice', 'must be a voice of the server, such as en_US-lessac-medium.')
}
