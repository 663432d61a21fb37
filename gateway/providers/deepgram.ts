import { lazily } from './lazily.ts'
import type { Provider } from './provider.ts'

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
  // It lists names with all that belongs to them, nova-3-general, and takes shorter ones.
  modelList: { path: '/v1/models', namesIn: () => [] },
}
