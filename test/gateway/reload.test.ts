import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { createFakeUpstream, streamChat, type FakeUpstream } from '../doubles/fake-upstream.ts'
import {
  deployment,
  modelAt,
  startGateway,
  until,
  type Config,
  type TestGateway,
} from '../doubles/gateway.ts'

let upstream: FakeUpstream
let gateway: TestGateway | undefined
const folders: string[] = []

beforeEach(async () => {
  upstream = await createFakeUpstream()
})
afterEach(async () => {
  await gateway?.close()
  gateway = undefined
  await upstream.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

async function start(config: Config, env: Record<string, string | undefined> = {}) {
  gateway = await startGateway({ config, env })
  return gateway
}

const messages = [{ role: 'user' as const, content: 'hi' }]
const ask = (at: TestGateway, model: string, headers: Record<string, string> = {}) =>
  at.post('/v1/chat/completions', { model, messages }, headers)
const models = (...names: string[]) => ({
  model_list: names.map((name) => deployment(name, upstream.url)),
})
const untilGeneration = (at: TestGateway, generation: number) =>
  until(async () => (await at.metric('colonnade_config_generation')) === generation)

interface Status {
  readonly workers: {
    readonly valid: boolean
    readonly generation: number
    readonly left_out: { readonly path: string; readonly message: string }[]
    readonly refused: null | { readonly message: string; readonly faults: object[] }
  }[]
}

async function statusOf(at: TestGateway): Promise<Status['workers'][number]> {
  const status: Status = JSON.parse(await (await at.get('/config/status')).text())
  const [worker] = status.workers
  if (!worker) throw new Error('no worker')
  return worker
}

describe('the document', () => {
  test('an edited file serves without a restart, and answers count its generation', async () => {
    const at = await start(models('a'))
    expect((await ask(at, 'a')).headers.get('x-config-generation')).toBe('1')
    at.writeConfig(models('b'))
    await untilGeneration(at, 2)
    expect((await ask(at, 'a')).status).toBe(404)
    const answer = await ask(at, 'b')
    expect(answer.status).toBe(200)
    expect(answer.headers.get('x-config-generation')).toBe('2')
  })

  test('a request under way keeps the document it began with', async () => {
    const at = await start(models('a'))
    upstream.script(streamChat({ texts: Array.from({ length: 60 }, () => 'x'), delayMs: 10 }))
    const stream = await at.client.chat.completions.create({ model: 'a', messages, stream: true })
    at.writeConfig(models('b'))
    let text = ''
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
    expect(text).toHaveLength(60)
    await untilGeneration(at, 2)
  })

  test('a swapped ..data link is followed, as kubelet makes it', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'colonnade-mounted-'))
    folders.push(folder)
    const put = (version: string, config: object) => {
      mkdirSync(path.join(folder, version), { recursive: true })
      writeFileSync(path.join(folder, version, 'config.yaml'), JSON.stringify(config))
      symlinkSync(version, path.join(folder, '..data_tmp'))
      renameSync(path.join(folder, '..data_tmp'), path.join(folder, '..data'))
    }
    put('..2026_01', models('a'))
    symlinkSync('..data/config.yaml', path.join(folder, 'config.yaml'))
    const mounted = await start(models(), { CONFIG_FILE: path.join(folder, 'config.yaml') })
    expect((await ask(mounted, 'a')).status).toBe(200)
    put('..2026_02', models('b'))
    await untilGeneration(mounted, 2)
    expect((await ask(mounted, 'b')).status).toBe(200)
  })

  test.each([
    ['broken YAML', 'model_list: [\n  - {'],
    ['a text', 'hello'],
    ['nothing', ''],
    ['a wrong shape', 'model_list: 3\n'],
    ['a fault of our own blocks', 'endpoints: [chat-completion]\nmodel_list: []\n'],
  ])('%s leaves the last good document serving, and shows', async (_, bad) => {
    const at = await start(models('a'))
    at.writeConfig(bad)
    await until(async () => (await at.metric('colonnade_config_valid')) === 0)
    expect((await ask(at, 'a')).status).toBe(200)
    const status = await statusOf(at)
    expect(status).toMatchObject({ valid: false, generation: 1 })
    expect(status.refused?.faults.length).toBeGreaterThan(0)
    expect((await at.get('/health/readiness')).status).toBe(200)
    expect(at.log.join('')).toContain('configuration refused')
    at.writeConfig(models('b'))
    await until(async () => (await at.metric('colonnade_config_valid')) === 1)
    expect((await ask(at, 'b')).status).toBe(200)
    expect((await statusOf(at)).refused).toBeNull()
  })

  test('a deleted file changes nothing, and its return is noticed', async () => {
    const at = await start(models('a'))
    unlinkSync(at.configFile)
    await until(async () => (await at.metric('colonnade_config_valid')) === 0)
    expect((await ask(at, 'a')).status).toBe(200)
    at.writeConfig(models('a'))
    await until(async () => (await at.metric('colonnade_config_valid')) === 1)
  })

  test('readiness says so when a document was refused', async () => {
    const at = await start(models('a'))
    at.writeConfig('hello')
    await until(async () => (await at.metric('colonnade_config_valid')) === 0)
    const body: unknown = await (await at.get('/health/readiness')).json()
    expect(body).toMatchObject({ status: 'healthy', config_refused: expect.any(String) })
  })

  test('one bad model is left out and named, the others serve', async () => {
    const at = await start({
      model_list: [
        deployment('good', upstream.url),
        deployment('no-key', upstream.url, { api_key: 'os.environ/NO_SUCH_KEY' }),
        { model_name: 'no-provider', litellm_params: { model: 'nobody/x' } },
        { model_name: 'bad-address', litellm_params: { model: 'openai/x', api_base: 'ftp://x' } },
      ],
    })
    expect((await ask(at, 'good')).status).toBe(200)
    for (const name of ['no-key', 'no-provider', 'bad-address'])
      expect((await ask(at, name)).status).toBe(404)
    const { left_out } = await statusOf(at)
    expect(left_out.map((one) => one.path.slice(0, 13))).toEqual(
      expect.arrayContaining(['model_list[1]', 'model_list[2]', 'model_list[3]']),
    )
    expect(JSON.stringify(left_out)).toContain('NO_SUCH_KEY')
    expect(await at.metric('colonnade_config_models_left_out')).toBe(3)
    expect(at.log.join('')).toContain('NO_SUCH_KEY')
    const health: unknown = await (await at.get('/health')).json()
    expect(JSON.stringify(health)).toContain('no-provider')
  })
})

describe('secrets in SECRETS_DIR', () => {
  const vendor = () => modelAt(upstream.url, { api_key: 'os.environ/VENDOR_KEY' })

  async function startWithSecrets(secrets: Record<string, string>, env = {}) {
    const place = mkdtempSync(path.join(tmpdir(), 'colonnade-secrets-'))
    folders.push(place)
    const write = (name: string, value: string) => writeFileSync(path.join(place, name), value)
    for (const [name, value] of Object.entries(secrets)) write(name, value)
    const at = await start(vendor(), { SECRETS_DIR: place, ...env })
    return { at, write }
  }

  const shownKey = () => upstream.requests.at(-1)?.headers.authorization

  test('a rotated vendor key is used without a restart', async () => {
    const { at, write } = await startWithSecrets({ VENDOR_KEY: 'first-key\n' })
    await ask(at, 'm')
    expect(shownKey()).toBe('Bearer first-key')
    write('VENDOR_KEY', 'second-key\n')
    await untilGeneration(at, 2)
    await ask(at, 'm')
    expect(shownKey()).toBe('Bearer second-key')
  })

  test('a second master key opens at once, the first stays good until it goes', async () => {
    const first = 'sk-first-0123456789abcdefghij'
    const second = 'sk-second-0123456789abcdefghi'
    const { at, write } = await startWithSecrets(
      { VENDOR_KEY: 'k', LITELLM_MASTER_KEY: first },
      { LITELLM_MASTER_KEY: undefined },
    )
    const statusWith = async (key: string) =>
      (await ask(at, 'm', { authorization: `Bearer ${key}` })).status
    expect([await statusWith(first), await statusWith(second)]).toEqual([200, 401])
    write('LITELLM_MASTER_KEY', `${first},${second}`)
    await until(async () => (await statusWith(second)) === 200)
    expect(await statusWith(first)).toBe(200)
    write('LITELLM_MASTER_KEY', second)
    await until(async () => (await statusWith(first)) === 401)
    expect(await statusWith(second)).toBe(200)
  })

  test('a weak key that comes later does not replace a good one', async () => {
    const { at, write } = await startWithSecrets({ VENDOR_KEY: 'k' })
    write('LITELLM_MASTER_KEY', 'sk-1234')
    await until(async () => (await at.metric('colonnade_config_valid')) === 0)
    expect((await ask(at, 'm')).status).toBe(200)
  })

  test('without a master key it stays up, not ready, says which it waits for, and goes on', async () => {
    const { at, write } = await startWithSecrets(
      { VENDOR_KEY: 'k' },
      { LITELLM_MASTER_KEY: undefined },
    )
    const readiness = await at.get('/health/readiness')
    expect(readiness.status).toBe(503)
    expect(await readiness.text()).toContain('LITELLM_MASTER_KEY')
    expect((await at.get('/health/liveliness')).status).toBe(200)
    const refused = await ask(at, 'm')
    expect(refused.status).toBe(503)
    expect(await refused.text()).toContain('LITELLM_MASTER_KEY')
    write('LITELLM_MASTER_KEY', at.key)
    await until(async () => (await at.get('/health/readiness')).status === 200)
    expect((await ask(at, 'm')).status).toBe(200)
  })

  test('a vendor key that was missing brings its model when it comes', async () => {
    const { at, write } = await startWithSecrets({})
    expect((await ask(at, 'm')).status).toBe(404)
    write('VENDOR_KEY', 'late-key')
    await until(async () => (await ask(at, 'm')).status === 200)
    expect(shownKey()).toBe('Bearer late-key')
  })

  test('neither log nor status nor metrics hold a key', async () => {
    const { at, write } = await startWithSecrets({ VENDOR_KEY: 'very-secret-first' })
    write('VENDOR_KEY', 'very-secret-second')
    await untilGeneration(at, 2)
    await ask(at, 'm')
    const seen = [
      at.log.join(''),
      await (await at.get('/config/status')).text(),
      await (await at.get('/metrics')).text(),
      await (await at.get('/health')).text(),
    ].join('')
    expect(seen).not.toContain('very-secret')
    expect(seen).not.toContain(at.key)
  })
})
