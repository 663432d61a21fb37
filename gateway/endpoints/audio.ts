import type { Endpoint } from '../pipeline/endpoint.ts'

/** Speech to text in its own language: json, text, srt, vtt or verbose_json. */
export const audioTranscriptions: Endpoint = {
  name: 'audio-transcriptions',
  body: 'form',
  required: { file: 'file' },
  answer: 'either',
  hasStreamUsage: false,
  lastEvents: ['transcript.text.done'],
  idPrefix: 'trsc-',
  errors: 'openai',
}

/** Speech to English text. */
export const audioTranslations: Endpoint = { ...audioTranscriptions, name: 'audio-translations' }

/** Text to sound, passed on as it is made. */
export const audioSpeech: Endpoint = {
  name: 'audio-speech',
  body: 'json',
  required: { input: 'text' },
  answer: 'bytes',
  hasStreamUsage: false,
  lastEvents: ['speech.audio.done'],
  idPrefix: 'spch-',
  errors: 'openai',
}
