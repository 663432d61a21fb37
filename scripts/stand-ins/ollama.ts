import type { JsonObject } from '../../gateway/providers/read-json.ts'
import { sendJson, sendStream, type Route, type Routes } from './serve-routes.ts'
import { countTokens, demoVector, demoWords, fieldText, inputsOf, lastQuestion } from './words.ts'

/** Ollama's own paths. */
export function ollamaRoutes(models: readonly string[]): Routes {
  return {
    'POST /api/chat': chat,
    'POST /api/generate': generate,
    'POST /api/embed': embed,
    'GET /api/tags': (_asked, response) => sendJson(response, { models: models.map(listedModel) }),
    'GET /api/version': (_asked, response) => sendJson(response, { version: '0.0.0-demo' }),
  }
}

function listedModel(name: string): JsonObject {
  return {
    name,
    model: name,
    modified_at: madeAt,
    size: 0,
    digest: 'demo',
    details: { family: 'demo' },
  }
}

const madeAt = '2025-01-01T00:00:00Z'

const sayInChat = (content: string): JsonObject => ({ message: { role: 'assistant', content } })

const chat: Route = async ({ fields }, response) => {
  const question = lastQuestion(fields.messages)
  const words = demoWords(question.text, question.pictures)
  await answer(fields, { words, say: sayInChat, question: question.text }, response)
}

const generate: Route = async ({ fields }, response) => {
  const question = fieldText(fields.prompt)
  const words = demoWords(question, 0)
  await answer(fields, { words, say: (text) => ({ response: text }), question }, response)
}

interface Speech {
  readonly words: readonly string[]
  readonly say: (text: string) => JsonObject
  readonly question: string
}

async function answer(
  fields: JsonObject,
  { words, say, question }: Speech,
  response: Parameters<Route>[1],
): Promise<void> {
  const base = { model: `demo/${fieldText(fields.model)}`, created_at: madeAt }
  const end = {
    done: true,
    done_reason: 'stop',
    prompt_eval_count: countTokens(question),
    eval_count: words.length,
  }
  if (fields.stream === false) {
    sendJson(response, { ...base, ...say(words.join('')), ...end })
    return
  }
  const lines = [
    ...words.map((word) => ({ ...base, ...say(word), done: false })),
    { ...base, ...say(''), ...end },
  ]
  await sendStream(
    response,
    lines.map((line) => `${JSON.stringify(line)}\n`),
    'application/x-ndjson',
  )
}

const embed: Route = ({ fields }, response) => {
  const inputs = inputsOf(fields.input)
  sendJson(response, {
    model: `demo/${fieldText(fields.model)}`,
    embeddings: inputs.map((text) => demoVector(text)),
    prompt_eval_count: countTokens(inputs.join(' ')),
  })
}
