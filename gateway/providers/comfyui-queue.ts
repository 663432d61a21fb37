import { GatewayError } from '../errors/gateway-error.ts'
import { fieldOf, isObject } from '../../modules/json-object.ts'
import { executionErrorOf, refusalOf, type Failing } from './comfyui-errors.ts'
import type { Reply, Step, Steps } from './conversation.ts'
import { nonsense } from './dialect-limits.ts'
import { isList, textOf, type JsonObject } from './read-json.ts'

const firstPauseMs = 250
const longestPauseMs = 2_000
const roundsBetweenLooks = 4

/** Queues a workflow. Gives the id it goes by: that which was asked for, unless the server gives one of its own. */
export function* enqueue(prompt: JsonObject, id: string, failing: Failing): Steps<string> {
  // Under an id nobody listens to: without one, previews would go to every browser that looks at the server.
  const body = { prompt, prompt_id: id, client_id: id }
  const { status, json } = yield {
    kind: 'call',
    expects: 'json',
    call: { method: 'POST', path: '/prompt', body },
    beginsWork: true,
    takes: [400],
  }
  if (status === 400) throw refusalOf(json, failing)
  const told = textOf(fieldOf(json, 'prompt_id')) ?? ''
  if (/^[\w-]{1,100}$/.test(told)) return told
  throw nonsense('the id of a queued prompt was expected', failing.model)
}

/** Waits until a workflow is done; gives what its nodes put out. */
export function* outputsOf(id: string, failing: Failing): Steps<JsonObject> {
  let note = 'queued'
  for (let round = 1; ; round += 1) {
    yield { kind: 'wait', milliseconds: pauseBefore(round), note }
    const done = yield* findDone(id)
    if (done !== undefined) return readDone(done, failing)
    if (round % roundsBetweenLooks !== 0) continue
    const place = placeIn(yield readOf('/queue'), id)
    // It may have been done between the two questions.
    const late = place === undefined ? yield* findDone(id) : undefined
    if (late !== undefined) return readDone(late, failing)
    if (place === undefined) throw lost(failing)
    note = place === 0 ? 'being drawn' : `queued, ${place} before it`
  }
}

/** Takes workflows out of the queue, and ends the one that is running. */
export function* withdraw(ids: readonly string[]): Steps<void> {
  yield postOf('/queue', { delete: ids })
  const running = fieldOf((yield readOf('/queue')).json, 'queue_running')
  // Older servers end whatever runs, whoever's it is: they are asked only while ours does.
  for (const id of ids)
    if (placeAmong(running, id) >= 0) yield postOf('/interrupt', { prompt_id: id })
}

function pauseBefore(round: number): number {
  return Math.min(longestPauseMs, Math.round(firstPauseMs * 1.4 ** (round - 1)))
}

function* findDone(id: string): Steps<unknown> {
  return fieldOf((yield readOf(`/history/${encodeURIComponent(id)}`)).json, id)
}

function readDone(entry: unknown, failing: Failing): JsonObject {
  if (fieldOf(fieldOf(entry, 'status'), 'status_str') === 'error')
    throw executionErrorOf(entry, failing)
  const outputs = fieldOf(entry, 'outputs')
  if (isObject(outputs)) return outputs
  throw nonsense('the outputs of a workflow were expected', failing.model)
}

/** How many stand before it, 0 while it runs; undefined where it is not there. */
function placeIn({ json }: Reply, id: string): number | undefined {
  if (placeAmong(fieldOf(json, 'queue_running'), id) >= 0) return 0
  const place = placeAmong(fieldOf(json, 'queue_pending'), id)
  return place < 0 ? undefined : place + 1
}

function placeAmong(queue: unknown, id: string): number {
  return isList(queue) ? queue.findIndex((item) => isList(item) && item[1] === id) : -1
}

function lost({ model }: Failing): GatewayError {
  return new GatewayError(
    'upstream_failed',
    `The server behind model '${model}' does not know the picture any more that it was drawing: it was started anew, or somebody took it out of its queue.`,
  )
}

function readOf(path: string): Step {
  return { kind: 'call', expects: 'json', call: { method: 'GET', path } }
}

function postOf(path: string, body: unknown): Step {
  return { kind: 'call', expects: 'nothing', call: { method: 'POST', path, body } }
}
