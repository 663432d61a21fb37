import { dataFrame, failure, sinceAnswer, type Said, type Vendor } from './vendor.ts'

interface Part {
  readonly text?: string
  readonly inlineData?: { readonly mimeType: string }
  readonly functionResponse?: { readonly response: { readonly output?: unknown } }
}

interface Request {
  readonly contents: readonly { readonly role: string; readonly parts: readonly Part[] }[]
  readonly tools?: readonly {
    readonly functionDeclarations?: readonly { readonly name: string }[]
  }[]
  readonly generationConfig?: {
    readonly responseSchema?: unknown
    readonly responseJsonSchema?: unknown
  }
}

/** Google's Gemini API. */
export const gemini: Vendor = {
  name: 'gemini',
  paramsAt: (url) => ({
    model: 'gemini/gemini-2.5-flash',
    api_base: `${url}/v1beta`,
    api_key: 'key-1',
  }),
  read(body, path) {
    const request: Request = JSON.parse(JSON.stringify(body))
    const parts = sinceAnswer(request.contents, 'model').flatMap((turn) => turn.parts)
    const config = request.generationConfig
    return {
      isStream: path.includes(':streamGenerateContent'),
      words: parts.map(({ text = '' }) => text).join(' '),
      toolNames: (request.tools ?? []).flatMap(({ functionDeclarations = [] }) =>
        functionDeclarations.map(({ name }) => name),
      ),
      results: parts.flatMap(({ functionResponse: answered }) =>
        answered === undefined ? [] : String(answered.response.output),
      ),
      pictures: parts.flatMap(({ inlineData: picture }) => picture?.mimeType ?? []),
      hasSchema: (config?.responseSchema ?? config?.responseJsonSchema) !== undefined,
    }
  },
  answer: (said) => event([...textsOf([said.texts.join('')]), ...callsOf(said)], true),
  frames: (said) => [
    ...textsOf(said.texts).map((part) => dataFrame(event([part]))),
    ...callsOf(said).map((part) => dataFrame(event([part]))),
    said.isFailing
      ? dataFrame({ error: { code: 503, message: failure, status: 'UNAVAILABLE' } })
      : dataFrame(event([{ text: '' }], true)),
  ],
  streamType: 'text/event-stream',
  error: (status, message) => ({
    error: { code: status, message, status: statuses[status] ?? 'INTERNAL' },
  }),
  embedding: {
    path: /:batchEmbedContents$/,
    count: (body) =>
      typeof body === 'object' && body !== null && 'requests' in body
        ? [body.requests].flat().length
        : 0,
    answer: (vectors) => ({ embeddings: vectors.map((values) => ({ values })) }),
  },
}

const statuses: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  429: 'RESOURCE_EXHAUSTED',
}

function textsOf(texts: readonly string[]): readonly object[] {
  return texts.filter((text) => text !== '').map((text) => ({ text }))
}

function callsOf({ calls }: Said): readonly object[] {
  return calls.map((call) => ({ functionCall: call, thoughtSignature: 'c2lnLTE=' }))
}

function event(parts: readonly object[], isLast = false): object {
  return {
    candidates: [
      { content: { role: 'model', parts }, index: 0, ...(isLast && { finishReason: 'STOP' }) },
    ],
    ...(isLast && {
      usageMetadata: {
        promptTokenCount: 12,
        cachedContentTokenCount: 2,
        candidatesTokenCount: 3,
        thoughtsTokenCount: 2,
        totalTokenCount: 17,
      },
    }),
    modelVersion: 'gemini-2.5-flash',
    responseId: 'r1',
  }
}
