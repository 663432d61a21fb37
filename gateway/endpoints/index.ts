import type { Endpoint } from '../pipeline/endpoint.ts'
import { audioSpeech, audioTranscriptions, audioTranslations } from './audio.ts'
import { chatCompletions, completions, messages, responses } from './chat.ts'
import { imageEdits, imageGenerations, imageVariations } from './images.ts'
import { embeddings, moderations, rerank } from './vectors.ts'

/** Every model endpoint the gateway speaks. */
export const endpoints: readonly Endpoint[] = [
  chatCompletions,
  completions,
  responses,
  messages,
  embeddings,
  moderations,
  rerank,
  imageGenerations,
  imageEdits,
  imageVariations,
  audioTranscriptions,
  audioTranslations,
  audioSpeech,
]
