/** What the bench's upstream answers and the load generator asks; fixed bytes, so that every subject does the same work. */
export const askedModel = 'bench'
export const upstreamModel = 'bench-upstream'

const created = 1_767_225_600
const id = 'chatcmpl-bench0000000000000000000001'
const sentence =
  'A colonnade is a row of columns, set at regular intervals, that carries an arcade or a roof; ' +
  'each column bears its own part of the load, and the row stands when one of them is taken out. '

/** 0.4 kB, as a short question of one turn is. */
export const chatRequest = (isStream: boolean): string =>
  JSON.stringify({
    model: askedModel,
    messages: [
      { role: 'system', content: 'You are a helpful assistant. Answer in two short sentences.' },
      {
        role: 'user',
        content: `What is a colonnade, and why does it stand? ${'Be precise. '.repeat(12)}`,
      },
    ],
    temperature: 0.2,
    max_tokens: 256,
    ...(isStream && { stream: true }),
  })

/** 0.7 kB of JSON. */
export const chatAnswer: string = JSON.stringify({
  id,
  object: 'chat.completion',
  created,
  model: upstreamModel,
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: sentence + sentence, refusal: null },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 58, completion_tokens: 76, total_tokens: 134 },
  system_fingerprint: 'fp_bench',
})

/** Events of one stream, the usage event and the one that says it is done among them. */
export const eventCount = 200

/** The events of one stream, each with its empty line. */
export const streamEvents: readonly string[] = [
  chunk({ role: 'assistant', content: '' }, null),
  ...Array.from({ length: eventCount - 4 }, (_, at) => chunk({ content: ` word${at}` }, null)),
  chunk({}, 'stop'),
  event({
    ...frame(),
    choices: [],
    usage: { prompt_tokens: 58, completion_tokens: eventCount - 4, total_tokens: eventCount + 54 },
  }),
  'data: [DONE]\n\n',
]

function chunk(delta: object, finishReason: string | null): string {
  return event({ ...frame(), choices: [{ index: 0, delta, finish_reason: finishReason }] })
}

function frame(): object {
  return { id, object: 'chat.completion.chunk', created, model: upstreamModel }
}

function event(body: object): string {
  return `data: ${JSON.stringify(body)}\n\n`
}
