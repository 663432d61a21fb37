import { lazily } from './lazily.ts'
import type { Provider } from './provider.ts'

/** ElevenLabs in its own dialect: `/v1/text-to-speech` and `/v1/speech-to-text`. */
export const elevenLabs: Provider = {
  name: 'elevenlabs',
  defaultBase: 'https://api.elevenlabs.io',
  baseVariables: ['ELEVENLABS_API_BASE'],
  keyVariables: ['ELEVENLABS_API_KEY'],
  isKeyNeeded: true,
  baseEnding: /\/v1(\/(text-to-speech|speech-to-text))?$/,
  keyHeader: (key) => ['xi-api-key', key],
  endpoints: {
    'audio-speech': lazily(async () => (await import('./elevenlabs-speech.ts')).elevenLabsSpeech),
    'audio-transcriptions': lazily(
      async () => (await import('./elevenlabs-transcription.ts')).elevenLabsTranscription,
    ),
  },
  // Models that listen are not in its list.
  modelList: { path: '/v1/models', namesIn: () => [] },
}
