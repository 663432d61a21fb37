import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import OpenAI from 'openai'
import { Agent, request } from 'undici'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import {
  chatFrames,
  createFakeUpstream,
  stall,
  streamChat,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import {
  modelAt,
  startGatewayProcess,
  until,
  type GatewayOptions,
  type GatewayProcess,
} from '../doubles/gateway.ts'

let upstream: FakeUpstream
const running: GatewayProcess[] = []

beforeEach(async () => {
  upstream = await createFakeUpstream()
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.close()))
  await upstream.close()
})

async function start(options: Partial<GatewayOptions> = {}): Promise<GatewayProcess> {
  const one = await startGatewayProcess({ config: modelAt(upstream.url), ...options })
  running.push(one)
  return one
}

const messages = [{ role: 'user' as const, content: 'hi' }]
const ask = (at: GatewayProcess) => at.post('/v1/chat/completions', { model: 'm', messages })

describe('a start that cannot succeed ends with a sentence', () => {
  const cases: [string, Record<string, string | undefined>, RegExp][] = [
    ['no master key', { LITELLM_MASTER_KEY: undefined }, /LITELLM_MASTER_KEY is not set/],
    [
      'a public master key',
      { LITELLM_MASTER_KEY: 'sk-llm-module-key' },
      /LITELLM_MASTER_KEY is a key that stands in public/,
    ],
    ['a short master key', { LITELLM_MASTER_KEY: 'sk-abc' }, /LITELLM_MASTER_KEY is shorter/],
    [
      'one weak key among good ones',
      { LITELLM_MASTER_KEY: 'sk-0123456789abcdefghij,sk-1234' },
      /LITELLM_MASTER_KEY is a key/,
    ],
    [
      'no document',
      { CONFIG_FILE: '/nowhere/config.yaml' },
      /\/nowhere\/config\.yaml cannot be read/,
    ],
    ['a bad PORT', { PORT: 'http' }, /PORT: expected a whole number/],
    ['a bad NUM_WORKERS', { NUM_WORKERS: '0' }, /NUM_WORKERS: expected a whole number/],
    ['a bad LITELLM_LOG', { LITELLM_LOG: 'loud' }, /LITELLM_LOG: expected one of/],
    [
      'no master key for two workers',
      { LITELLM_MASTER_KEY: undefined, NUM_WORKERS: '2' },
      /LITELLM_MASTER_KEY is not set/,
    ],
  ]
  test.each(cases)('%s', async (_, env, sentence) => {
    const one = await start({ env })
    expect(await one.ended).toBe(1)
    expect(one.output()).toMatch(sentence)
    expect(one.output()).not.toMatch(/ at .*\.ts:\d/)
  })

  test('a document with faults names each with line and column', async () => {
    const one = await start({ config: 'endpoints: [chat-completion]\nmodel_list:\n  - {}\n' })
    expect(await one.ended).toBe(1)
    expect(one.output()).toMatch(/config\.yaml:1:\d+ endpoints/)
  })

  test.each(['1', '2'])('a port in use, %s workers', async (workers) => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    const one = await start({ env: { PORT: `${port}`, NUM_WORKERS: workers } })
    expect(await one.ended).toBe(1)
    expect(one.output()).toContain(`port ${port} is in use`)
    other.close()
  })

  test('an open gateway needs the permission by name', async () => {
    const one = await start({
      env: {
        LITELLM_MASTER_KEY: undefined,
        LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY: 'true',
      },
    })
    await one.untilReady()
    const client = new OpenAI({ baseURL: `${one.url}/v1`, apiKey: 'whatever' })
    expect((await client.chat.completions.create({ model: 'm', messages })).model).toBe('m')
  })
})

describe('SIGTERM', () => {
  const patient = { SHUTDOWN_DELAY_S: '2', SHUTDOWN_TIMEOUT_S: '20' }

  test.each([{}, { NUM_WORKERS: '2' }])(
    'readiness goes at once, requests are still served, streams finish, exit 0 %o',
    async (more) => {
      const one = await start({ env: { ...patient, ...more } })
      await one.untilReady()
      upstream.script(streamChat({ texts: Array.from({ length: 30 }, () => 'x'), delayMs: 100 }))
      const stream = await one.client.chat.completions.create({
        model: 'm',
        messages,
        stream: true,
      })
      one.signal('SIGTERM')
      await until(async () => (await one.get('/health/readiness')).status === 503)
      expect((await one.get('/health/liveliness')).status).toBe(200)
      upstream.script(streamChat())
      const late = await one.post('/v1/chat/completions', { model: 'm', messages, stream: true })
      expect(late.status).toBe(200)
      expect(late.headers.get('connection')).toBe('close')
      await late.text()
      let text = ''
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
      expect(text).toBe('x'.repeat(30))
      expect(await one.ended).toBe(0)
    },
  )

  test('an idle gateway is gone in a moment', async () => {
    const one = await start({ env: { SHUTDOWN_TIMEOUT_S: '20' } })
    await one.untilReady()
    await ask(one)
    const startedAt = performance.now()
    one.signal('SIGINT')
    expect(await one.ended).toBe(0)
    expect(performance.now() - startedAt).toBeLessThan(10_000)
  })

  test('past the deadline a stream ends with an error event, and the SDK raises', async () => {
    const one = await start({ env: { SHUTDOWN_TIMEOUT_S: '1' } })
    await one.untilReady()
    upstream.script(stall(chatFrames({}, false).slice(0, 2)))
    const stream = await one.client.chat.completions.create({ model: 'm', messages, stream: true })
    one.signal('SIGTERM')
    const read = async () => {
      for await (const _ of stream);
    }
    await expect(read()).rejects.toMatchObject({ code: 'stream_interrupted' })
    expect(await one.ended).toBe(0)
  })

  test('past the delay a connection that is still open gets a 503', async () => {
    const one = await start({ env: { SHUTDOWN_TIMEOUT_S: '4' } })
    await one.untilReady()
    upstream.script(streamChat({ texts: ['a', 'b'], delayMs: 500 }))
    const dispatcher = new Agent({ connections: 1, pipelining: 2 })
    const options = {
      dispatcher,
      method: 'POST' as const,
      headers: { authorization: `Bearer ${one.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', messages, stream: true }),
      // Else undici waits with the second request until the first is answered.
      idempotent: true,
      blocking: false,
    }
    const first = await request(`${one.url}/v1/chat/completions`, options)
    const read = first.body.text()
    one.signal('SIGTERM')
    await until(() => one.output().includes('shutting down'))
    await new Promise((resolve) => setTimeout(resolve, 200))
    const second = await request(`${one.url}/v1/chat/completions`, options).catch(() => undefined)
    expect((await read).endsWith('data: [DONE]\n\n')).toBe(true)
    if (second) {
      expect(second.statusCode).toBe(503)
      expect(await second.body.json()).toMatchObject({ error: { code: 'shutting_down' } })
    }
    expect(await one.ended).toBe(0)
    await dispatcher.destroy()
  })

  test('a new connection is refused once the delay is over', async () => {
    const one = await start({ env: { SHUTDOWN_TIMEOUT_S: '4' } })
    await one.untilReady()
    upstream.script(streamChat({ texts: ['a', 'b', 'c'], delayMs: 300 }))
    const stream = await one.client.chat.completions.create({ model: 'm', messages, stream: true })
    one.signal('SIGTERM')
    await until(() =>
      fetch(`${one.url}/health/liveliness`).then(
        () => false,
        () => true,
      ),
    )
    for await (const _ of stream);
    expect(await one.ended).toBe(0)
  })
})

describe('NUM_WORKERS=2', () => {
  const workersOf = async (one: GatewayProcess): Promise<Set<number>> => {
    const status: { workers: { worker: number }[] } = JSON.parse(
      await (await one.get('/config/status')).text(),
    )
    return new Set(status.workers.map(({ worker }) => worker))
  }
  const startTwo = async () => {
    const one = await start({ env: { NUM_WORKERS: '2' } })
    await one.untilReady()
    await until(async () => (await workersOf(one)).size === 2)
    return one
  }

  test('one answer speaks for both', async () => {
    const one = await startTwo()
    const count = 40
    await Promise.all(Array.from({ length: count }, async () => (await ask(one)).text()))
    expect(await one.metric('litellm_requests_total', { model: 'm', status: '200' })).toBe(count)
    expect(await one.metric('litellm_request_total_latency_metric_count')).toBe(count)
    expect(await one.metric('colonnade_config_generation')).toBe(1)
    expect(await one.metric('colonnade_config_valid')).toBe(1)
    expect(await one.metric('colonnade_config_models_left_out')).toBe(0)
    const health: unknown = await (await one.get('/health')).json()
    expect(health).toMatchObject({ healthy_count: 1, unhealthy_count: 0 })
  })

  test('both take a new document', async () => {
    const one = await startTwo()
    const digests = async (): Promise<string[]> => {
      const status: { workers: { digest: string }[] } = JSON.parse(
        await (await one.get('/config/status')).text(),
      )
      return status.workers.map(({ digest }) => digest)
    }
    await until(async () => (await digests()).length === 2)
    const [before] = await digests()
    one.writeConfig({ ...modelAt(upstream.url), litellm_settings: { num_retries: 3 } })
    await until(async () => {
      const now = await digests()
      return now.length === 2 && now[0] !== before && now[0] === now[1]
    })
  })

  test('a killed worker is replaced', async () => {
    const one = await startTwo()
    const before = await workersOf(one)
    const [victim] = await childrenOf(one.child.pid)
    if (victim === undefined) throw new Error('no worker')
    process.kill(victim, 'SIGKILL')
    await until(async () => {
      // Connections to the killed one are reset.
      const now = await workersOf(one).catch(() => new Set<number>())
      return now.size === 2 && [...now].some((worker) => !before.has(worker))
    })
    expect((await ask(one)).status).toBe(200)
    one.signal('SIGTERM')
    expect(await one.ended).toBe(0)
  })

  test('no worker outlives the first process', async () => {
    const one = await startTwo()
    const workers = await childrenOf(one.child.pid)
    one.signal('SIGKILL')
    await until(() => workers.every((pid) => !isRunning(pid)))
  })
})

describe('PARENT_WATCH=1', () => {
  test.each(['1', '2'])('it ends when its parent is gone, %s workers', async (workers) => {
    const one = await start({ env: { PARENT_WATCH: '1', NUM_WORKERS: workers } })
    await one.untilReady()
    one.child.disconnect()
    expect(await one.ended).toBe(0)
  })
})

async function childrenOf(pid: number | undefined): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.split(' ').filter(Boolean).map(Number)
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
