import { lazily } from './lazily.ts'
import type { Provider } from './provider.ts'

const transcription = lazily(
  async () => (await import('./whisper-cpp-transcription.ts')).whisperCppTranscription,
)

/** The server that comes with whisper.cpp, in its own dialect: one model, `/inference`. */
export const whisperCpp: Provider = {
  name: 'whisper_cpp',
  defaultBase: 'http://127.0.0.1:8080',
  baseVariables: ['WHISPER_CPP_API_BASE'],
  keyVariables: ['WHISPER_CPP_API_KEY'],
  isKeyNeeded: false,
  baseEnding: /\/inference$/,
  endpoints: { 'audio-transcriptions': transcription, 'audio-translations': transcription },
  modelList: { path: '/health', namesIn: () => [] },
}
