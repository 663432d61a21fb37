import { isObject } from '../../modules/json-object.ts'
import { lazily } from './lazily.ts'
import type { Provider } from './provider.ts'
import { textsUnder } from './read-json.ts'

/** Deepgram in its own dialect: `/v1/listen` and `/v1/speak`. */
export const deepgram: Provider = {
  name: 'deepgram',
  defaultBase: 'https://api.deepgram.com',
  baseVariables: ['DEEPGRAM_API_BASE'],
  keyVariables: ['DEEPGRAM_API_KEY'],
  isKeyNeeded: true,
  baseEnding: /\/v1(\/(listen|speak))?$/,
  // Its short-lived tokens are JWTs.
  keyHeader: (key) => ['authorization', `${key.startsWith('eyJ') ? 'Bearer' : 'Token'} ${key}`],
  endpoints: {
    'audio-transcriptions': lazily(async () => (await import('./deepgram-listen.ts')).listen),
    'audio-speech': lazily(async () => (await import('./deepgram-speak.ts')).speak),
  },
  modelList: {
    path: '/v1/models',
    namesIn: (answer) =>
      isObject(answer)
        ? [answer.stt, answer.tts].flatMap((list) => textsUnder('canonical_name', list))
        : [],
  },
}
