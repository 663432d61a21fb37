import type { Endpoint } from '../pipeline/endpoint.ts'

/** A prompt to pictures. */
export const imageGenerations: Endpoint = {
  name: 'images-generations',
  body: 'json',
  required: { prompt: 'text' },
  answer: 'json',
  answerList: 'data',
  hasStreamUsage: false,
  lastEvents: ['image_generation.completed'],
  idPrefix: 'img-',
  errors: 'openai',
}

/** A picture, a prompt and perhaps a mask to pictures. */
export const imageEdits: Endpoint = {
  name: 'images-edits',
  body: 'form',
  required: { image: 'file', prompt: 'text' },
  answer: 'json',
  answerList: 'data',
  hasStreamUsage: false,
  lastEvents: ['image_edit.completed'],
  idPrefix: 'img-',
  errors: 'openai',
}

/** A picture to others like it. */
export const imageVariations: Endpoint = {
  name: 'images-variations',
  body: 'form',
  required: { image: 'file' },
  answer: 'json',
  answerList: 'data',
  hasStreamUsage: false,
  idPrefix: 'img-',
  errors: 'openai',
}
