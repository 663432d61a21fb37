import { isObject } from '../../modules/json-object.ts'
import type { JsonObject } from '../../gateway/providers/read-json.ts'
import { drawDemo } from './png.ts'
import { sendJson, sendStream, type Route, type Routes } from './serve-routes.ts'
import { countTokens, demoVector, demoWords, fieldText, inputsOf, lastQuestion } from './words.ts'

/** OpenAI's own paths: chat, completions, embeddings, pictures, models. */
export function openAiRoutes(models: readonly string[]): Routes {
  const data = models.map((id) => ({ id, object: 'model', created: 0, owned_by: 'demo' }))
  return {
    'GET /v1/models': (_asked, response) => sendJson(response, { object: 'list', data }),
    'POST /v1/chat/completions': chat,
    'POST /v1/completions': complete,
    'POST /v1/embeddings': embed,
    'POST /v1/images/generations': draw,
  }
}

interface Shape {
  readonly object: string
  readonly chunkObject: string
  whole(text: string): JsonObject
  piece(text: string): JsonObject
}

const chatShape: Shape = {
  object: 'chat.completion',
  chunkObject: 'chat.completion.chunk',
  whole: (content) => ({ message: { role: 'assistant', content } }),
  piece: (content) => ({ delta: { role: 'assistant', content } }),
}

const textShape: Shape = {
  object: 'text_completion',
  chunkObject: 'text_completion',
  whole: (text) => ({ text }),
  piece: (text) => ({ text }),
}

const chat: Route = async ({ fields }, response) => {
  const { text, pictures } = lastQuestion(fields.messages)
  await answer(
    fields,
    { shape: chatShape, question: text, words: demoWords(text, pictures) },
    response,
  )
}

const complete: Route = async ({ fields }, response) => {
  const question = fieldText(fields.prompt)
  await answer(fields, { shape: textShape, question, words: demoWords(question, 0) }, response)
}

interface Speech {
  readonly shape: Shape
  readonly question: string
  readonly words: readonly string[]
}

const choice = (said: JsonObject, reason: string | null): JsonObject => ({
  index: 0,
  ...said,
  finish_reason: reason,
})

async function answer(
  fields: JsonObject,
  { shape, question, words }: Speech,
  response: Parameters<Route>[1],
): Promise<void> {
  const prompt = countTokens(question)
  const usage = {
    prompt_tokens: prompt,
    completion_tokens: words.length,
    total_tokens: prompt + words.length,
  }
  const base = (object: string): JsonObject => ({
    id: 'demo-1',
    object,
    created: Math.floor(Date.now() / 1000),
    model: `demo/${fieldText(fields.model)}`,
    system_fingerprint: 'demo',
  })
  if (fields.stream !== true) {
    sendJson(response, {
      ...base(shape.object),
      choices: [choice(shape.whole(words.join('')), 'stop')],
      usage,
    })
    return
  }
  const isUsageAsked =
    isObject(fields.stream_options) && fields.stream_options.include_usage === true
  const chunk = base(shape.chunkObject)
  const chunks = [
    ...words.map((word) => ({ ...chunk, choices: [choice(shape.piece(word), null)] })),
    { ...chunk, choices: [choice(shape.piece(''), 'stop')] },
    ...(isUsageAsked ? [{ ...chunk, choices: [], usage }] : []),
  ]
  const frames = [...chunks.map((value) => JSON.stringify(value)), '[DONE]'].map(
    (data) => `data: ${data}\n\n`,
  )
  await sendStream(response, frames, 'text/event-stream')
}

const embed: Route = ({ fields }, response) => {
  const inputs = inputsOf(fields.input)
  const isBase64 = fields.encoding_format === 'base64'
  const data = inputs.map((text, index) => {
    const vector = demoVector(text)
    const embedding = isBase64
      ? Buffer.from(Float32Array.from(vector).buffer).toString('base64')
      : vector
    return { object: 'embedding', index, embedding }
  })
  const tokens = countTokens(inputs.join(' '))
  const usage = { prompt_tokens: tokens, total_tokens: tokens }
  sendJson(response, { object: 'list', model: `demo/${fieldText(fields.model)}`, data, usage })
}

const draw: Route = ({ fields }, response) => {
  const picture = { b64_json: drawDemo(fieldText(fields.prompt), 256, 256).toString('base64') }
  sendJson(response, {
    created: Math.floor(Date.now() / 1000),
    data: [{ ...picture, revised_prompt: 'demo' }],
  })
}
