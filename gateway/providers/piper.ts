import { isObject } from '../../modules/json-object.ts'
import { lazily } from './lazily.ts'
import type { Provider } from './provider.ts'

/** Piper's small HTTP server, which makes WAV. */
export const piper: Provider = {
  name: 'piper',
  defaultBase: 'http://127.0.0.1:5000',
  baseVariables: ['PIPER_API_BASE'],
  keyVariables: ['PIPER_API_KEY'],
  isKeyNeeded: false,
  versionVariables: ['PIPER_API_VERSION'],
  baseEnding: /\/(synthesize|voices)$/,
  endpoints: {
    'audio-speech': lazily(async () => (await import('./piper-speech.ts')).piperSpeech),
  },
  modelList: {
    path: '/voices',
    namesIn: (answer) => (isObject(answer) ? Object.keys(answer) : []),
  },
}
