import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

import { drawDemo } from '../../scripts/stand-ins/png.ts'
import { textOf } from '../../gateway/providers/read-json.ts'
import { fieldOf, isObject } from '../../modules/json-object.ts'

/** What becomes of a prompt: drawn by the first question or the second, left in the queue, never done, failed in a node, or forgotten by a restart. */
type Fate = 'drawn' | 'drawn later' | 'queued' | 'running' | 'failed' | 'forgotten'

interface Prompt {
  readonly id: string
  readonly nodes: Readonly<Record<string, unknown>>
  readonly fate: Fate
  asked: number
}

interface Upload {
  readonly path: string
  readonly bytes: Buffer
  readonly form: Readonly<Record<string, string>>
}

export interface ComfyUi {
  readonly url: string
  /** Method and path of each request, in their order. */
  readonly asked: readonly string[]
  readonly prompts: readonly Prompt[]
  readonly uploads: readonly Upload[]
  readonly deleted: readonly string[]
  readonly interrupted: readonly unknown[]
  readonly authorizations: ReadonlySet<string | undefined>
  /** Requests whose socket was closed before they were answered. */
  gone(): number
  /** Of each prompt from here on, the last one for all that follow. */
  fates(...fates: Fate[]): void
  /** Takes no ids of others, as servers did before 2025. */
  ignoreIds(): void
  /** Closes this many connections of a path without an answer. */
  lose(path: string, times: number): void
  /** Takes a prompt and never answers. */
  stall(): void
  reset(): void
  close(): Promise<void>
}

export const checkpoint = 'sd_xl_base_1.0.safetensors'

/** ComfyUI's HTTP face on a free loopback port, as far as one queues, waits and fetches. */
export async function createComfyUi(): Promise<ComfyUi> {
  const asked: string[] = []
  const prompts: Prompt[] = []
  const uploads: Upload[] = []
  const deleted: string[] = []
  const interrupted: unknown[] = []
  const authorizations = new Set<string | undefined>()
  const lost = new Map<string, number>()
  let fates: Fate[] = ['drawn']
  let takesIds = true
  let isStalled = false
  let gone = 0

  const queue = (body: Buffer, response: ServerResponse): void => {
    const said: unknown = JSON.parse(body.toString())
    const nodes = fieldOf(said, 'prompt')
    if (!isObject(nodes)) return answer(response, { error: 'no prompt', node_errors: [] }, 400)
    const refusal = refusalOf(nodes)
    if (refusal) return answer(response, refusal, 400)
    const fate = (fates.length > 1 ? fates.shift() : fates[0]) ?? 'drawn'
    const id = takesIds ? String(fieldOf(said, 'prompt_id')) : randomUUID()
    prompts.push({ id, nodes, fate, asked: 0 })
    if (!isStalled) answer(response, { prompt_id: id, number: prompts.length, node_errors: {} })
  }

  const history = (id: string): unknown => {
    const prompt = prompts.find((one) => one.id === id)
    if (!prompt) return {}
    prompt.asked += 1
    if (prompt.fate === 'failed') return { [id]: failedEntry }
    const least = prompt.fate === 'drawn later' ? 2 : 1
    return prompt.fate.startsWith('drawn') && prompt.asked >= least
      ? { [id]: drawnEntry(prompt) }
      : {}
  }

  const listed = (fate: Fate): unknown[] =>
    prompts
      .filter((one) => one.fate === fate && (fate === 'running' || !deleted.includes(one.id)))
      .map(({ id, nodes }, number) => [number, id, nodes, {}, ['saved']])

  const routes: Readonly<
    Record<
      string,
      (body: Buffer, url: URL, request: IncomingMessage, response: ServerResponse) => unknown
    >
  > = {
    'GET /object_info/CheckpointLoaderSimple': () => ({
      CheckpointLoaderSimple: { input: { required: { ckpt_name: [[checkpoint], {}] } } },
    }),
    'POST /prompt': (body, _url, _request, response) => queue(body, response),
    'GET /queue': () => ({ queue_running: listed('running'), queue_pending: listed('queued') }),
    'POST /queue': (body, _url, _request, response) => {
      const ids = fieldOf(JSON.parse(body.toString()), 'delete')
      if (Array.isArray(ids)) deleted.push(...ids.map(String))
      response.end()
    },
    'POST /interrupt': (body, _url, _request, response) => {
      interrupted.push(fieldOf(JSON.parse(body.toString()), 'prompt_id'))
      response.end()
    },
    'GET /view': (_body, { searchParams }, _request, response) => {
      if (searchParams.get('type') !== 'output') return answer(response, {}, 404)
      response.writeHead(200, { 'content-type': 'image/png' })
      response.end(drawDemo(searchParams.get('filename') ?? '', 8, 8))
    },
    'POST /upload/image': async (body, _url, request, response) => {
      const type = request.headers['content-type'] ?? ''
      const form = await new Response(Uint8Array.from(body), {
        headers: { 'content-type': type },
      }).formData()
      const file = form.get('image')
      if (!(file instanceof File)) return answer(response, {}, 400)
      const texts = [...form].flatMap(([name, value]) =>
        typeof value === 'string' ? [[name, value] as const] : [],
      )
      const { subfolder = '' } = Object.fromEntries(texts)
      uploads.push({
        path: `${subfolder}/${file.name}`,
        bytes: Buffer.from(await file.arrayBuffer()),
        form: Object.fromEntries(texts),
      })
      return answer(response, { name: file.name, subfolder, type: 'input' })
    },
  }

  const server = createServer((request, response) => {
    void (async () => {
      const url = new URL(request.url ?? '/', 'http://comfy')
      const at = `${request.method} ${url.pathname}`
      asked.push(`${request.method} ${request.url}`)
      response.once('close', () => void (gone += response.writableFinished ? 0 : 1))
      authorizations.add(request.headers.authorization)
      const body = await bodyOf(request)
      const left = lost.get(url.pathname) ?? 0
      if (left > 0) {
        lost.set(url.pathname, left - 1)
        response.destroy()
        return
      }
      if (at.startsWith('GET /history/')) return answer(response, history(url.pathname.slice(9)))
      const route = routes[at]
      if (!route) return answer(response, { error: 'no such path' }, 404)
      const value = await route(body, url, request, response)
      if (value !== undefined) answer(response, value)
    })()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port was given')

  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    prompts,
    uploads,
    deleted,
    interrupted,
    authorizations,
    gone: () => gone,
    fates: (...next) => void (fates = next),
    ignoreIds: () => void (takesIds = false),
    lose: (path, times) => void lost.set(path, times),
    stall: () => void (isStalled = true),
    reset() {
      for (const list of [asked, prompts, uploads, deleted, interrupted]) list.length = 0
      lost.clear()
      gone = 0
      fates = ['drawn']
      takesIds = true
      isStalled = false
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => void server.close(resolve))
    },
  }
}

function refusalOf(nodes: Readonly<Record<string, unknown>>): unknown {
  for (const [id, node] of Object.entries(nodes)) {
    const kind = fieldOf(node, 'class_type')
    if (kind === 'Missing')
      return {
        error: {
          type: 'missing_node_type',
          message: `Node 'Missing' not found. The custom node may not be installed.`,
          details: `Node ID '#${id}'`,
          extra_info: {},
        },
        node_errors: {},
      }
    const name = fieldOf(fieldOf(node, 'inputs'), 'ckpt_name')
    if (name !== undefined && name !== checkpoint)
      return nodeError(id, kind, {
        type: 'value_not_in_list',
        message: 'Value not in list',
        details: `ckpt_name: '${textOf(name)}' not in ['${checkpoint}']`,
        extra_info: { input_name: 'ckpt_name' },
      })
    const width = fieldOf(fieldOf(node, 'inputs'), 'width')
    if (typeof width === 'number' && width > 2048)
      return nodeError(id, kind, {
        type: 'value_bigger_than_max',
        message: `Value ${width} bigger than max of 2048`,
        details: 'width',
        extra_info: { input_name: 'width' },
      })
  }
  return undefined
}

function nodeError(id: string, class_type: unknown, error: unknown): unknown {
  const message = 'Prompt outputs failed validation'
  return {
    error: { type: 'prompt_outputs_failed_validation', message, details: '', extra_info: {} },
    node_errors: { [id]: { errors: [error], dependent_outputs: ['saved'], class_type } },
  }
}

const failedEntry = {
  outputs: {},
  status: {
    status_str: 'error',
    completed: false,
    messages: [
      ['execution_start', { prompt_id: 'x' }],
      [
        'execution_error',
        {
          node_id: 'sampler',
          node_type: 'KSampler',
          exception_type: 'torch.OutOfMemoryError',
          exception_message: 'Allocation on device 0 would exceed allowed memory.',
          traceback: ['File "/srv/comfy/execution.py", line 1'],
        },
      ],
    ],
  },
}

function drawnEntry({ id, nodes }: Prompt): unknown {
  const sizes = Object.values(nodes).map((node) =>
    Number(
      fieldOf(fieldOf(node, 'inputs'), 'batch_size') ??
        fieldOf(fieldOf(node, 'inputs'), 'amount') ??
        1,
    ),
  )
  const images = Array.from({ length: Math.max(...sizes) }, (_, index) => ({
    filename: `${id}_${index} &.png`,
    subfolder: 'colonnade',
    type: 'output',
  }))
  const preview = { filename: 'ComfyUI_temp_1.png', subfolder: '', type: 'temp' }
  return {
    outputs: { shown: { images: [preview] }, saved: { images } },
    status: { status_str: 'success', completed: true, messages: [] },
  }
}

function answer(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of request) if (Buffer.isBuffer(piece)) pieces.push(piece)
  return Buffer.concat(pieces)
}
