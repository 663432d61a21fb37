import type { Endpoint } from '../pipeline/endpoint.ts'

/** Text to vectors, as floats or base64. */
export const embeddings: Endpoint = {
  name: 'embeddings',
  body: 'json',
  required: { input: 'text or list' },
  answer: 'json',
  answerList: 'data',
  hasStreamUsage: false,
  idPrefix: 'embd-',
  errors: 'openai',
}

/** Documents in the order of their use to a query, in the form Cohere and Jina share. */
export const rerank: Endpoint = {
  name: 'rerank',
  body: 'json',
  required: { query: 'text', documents: 'list' },
  answer: 'json',
  answerList: 'results',
  hasStreamUsage: false,
  idPrefix: 'rerank-',
  errors: 'openai',
}

/** Whether a text breaks a rule. */
export const moderations: Endpoint = {
  name: 'moderations',
  body: 'json',
  required: { input: 'text or list' },
  answer: 'json',
  answerList: 'results',
  hasStreamUsage: false,
  idPrefix: 'modr-',
  errors: 'openai',
}
