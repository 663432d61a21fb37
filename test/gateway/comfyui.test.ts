import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import OpenAI, { toFile } from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { fieldOf } from '../../modules/json-object.ts'
import { drawDemo } from '../../scripts/stand-ins/png.ts'
import { checkpoint, createComfyUi, type ComfyUi } from '../doubles/comfyui.ts'
import { startGateway, until, type TestGateway } from '../doubles/gateway.ts'

const own = {
  1: { class_type: 'CLIPTextEncode', inputs: { text: 'a photo of {{prompt}}, {{style}}' } },
  2: {
    class_type: 'Sampler',
    inputs: { seed: '{{seed}}', size: [{ w: '{{width}}' }], text: ['1', 0] },
  },
  3: { class_type: 'SaveImage', inputs: { images: ['2', 0], filename_prefix: 'own/{{id}}' } },
}

let comfy: ComfyUi
let second: ComfyUi
let gateway: TestGateway
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'colonnade-comfyui-'))
  const file = path.join(folder, 'workflow.json')
  writeFileSync(file, JSON.stringify(own))
  comfy = await createComfyUi()
  second = await createComfyUi()
  const entry = (model_name: string, params: Readonly<Record<string, unknown>> = {}) => ({
    model_name,
    litellm_params: { model: `comfyui/${checkpoint}`, api_base: comfy.url, ...params },
  })
  gateway = await startGateway({
    config: {
      model_list: [
        entry('plain', { api_key: 'sk-behind-a-proxy' }),
        entry('own', { workflow: own }),
        entry('text', { workflow: JSON.stringify(own) }),
        entry('file', { workflow_file: file }),
        entry('lacking', { model: 'comfyui/none.safetensors' }),
        entry('unknown-node', { workflow: { 1: { class_type: 'Missing', inputs: {} } } }),
        entry('faulty', { workflow: { 1: { class_type: 'A', inputs: { text: '{{promt}}' } } } }),
        entry('slow', { timeout: 0.5 }),
        entry('two', { order: 1 }),
        entry('two', { order: 2, api_base: second.url }),
      ],
      router_settings: { num_retries: 2, retry_after: 0 },
    },
  })
})
afterAll(async () => {
  await gateway.close()
  await comfy.close()
  await second.close()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(() => {
  comfy.reset()
  second.reset()
})

const draw = (more: Readonly<Record<string, unknown>> = {}) =>
  gateway.client.images.generate({ model: 'plain', prompt: 'a column', ...more })

async function failureOf(asking: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
  const failure = await asking.then(() => undefined).catch((thrown: unknown) => thrown)
  if (!(failure instanceof OpenAI.APIError)) throw new Error('it did not fail as an API does')
  return failure
}

const inputs = (node: string, at = 0): unknown => fieldOf(comfy.prompts[at]?.nodes[node], 'inputs')
const lastId = (): string => comfy.prompts.at(-1)?.id ?? 'none'
const count = (asked: string): number => comfy.asked.filter((one) => one.startsWith(asked)).length

describe('pictures out of words', () => {
  test('come as addresses, out of the checkpoint that the model names', async () => {
    const { data, created } = await draw({ size: '768x512' })
    expect(created).toBeGreaterThan(1_700_000_000)
    const picture = await fetch(data?.[0]?.url ?? '')
    expect(picture.headers.get('content-type')).toBe('image/png')
    expect(inputs('checkpoint')).toEqual({ ckpt_name: checkpoint })
    expect(inputs('latent')).toEqual({ width: 768, height: 512, batch_size: 1 })
    expect(inputs('positive')).toMatchObject({ text: 'a column' })
    expect(comfy.authorizations).toEqual(new Set(['Bearer sk-behind-a-proxy']))
  })

  test('come as base64, as many as were asked for in one batch, previews left out', async () => {
    const { data = [] } = await draw({ n: 3, response_format: 'b64_json', seed: 7, quality: 'hd' })
    expect(data).toHaveLength(3)
    const [first] = data
    expect(
      Buffer.from(first?.b64_json ?? '', 'base64')
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG')
    expect(inputs('latent')).toMatchObject({ width: 1024, height: 1024, batch_size: 3 })
    expect(inputs('sampler')).toMatchObject({ seed: 7, steps: 40, denoise: 1 })
    expect(count('POST /prompt')).toBe(1)
  })

  test.each(['own', 'text', 'file'])(
    'are drawn by a workflow of the deployment: %s',
    async (model) => {
      const { data } = await draw({ model, n: 2, seed: 40, style: 'vivid {{seed}}' })
      expect(data).toHaveLength(2)
      expect(inputs('1')).toEqual({ text: 'a photo of a column, vivid {{seed}}' })
      expect([inputs('2', 0), inputs('2', 1)]).toEqual([
        { seed: 40, size: [{ w: 1024 }], text: ['1', 0] },
        { seed: 41, size: [{ w: 1024 }], text: ['1', 0] },
      ])
    },
  )

  test('have another seed and other names with each request', async () => {
    await draw()
    await draw()
    expect(fieldOf(inputs('sampler', 0), 'seed')).not.toBe(fieldOf(inputs('sampler', 1), 'seed'))
    expect(inputs('saved', 0)).not.toEqual(inputs('saved', 1))
  })

  test('are found under the id that an older server gives', async () => {
    comfy.ignoreIds()
    expect((await draw()).data).toHaveLength(1)
  })

  test('are waited for over lost connections, and queued once', async () => {
    comfy.fates('drawn later')
    comfy.lose('/view', 1)
    expect((await draw()).data).toHaveLength(1)
    expect(count('POST /prompt')).toBe(1)
  })
})

describe('pictures out of pictures', () => {
  const png = drawDemo('a picture', 40, 24)

  test('an edit uploads picture and mask under names of ours', async () => {
    await gateway.client.images.edit({
      model: 'plain',
      prompt: 'add a roof',
      image: await toFile(png, '../../etc/passwd.png', { type: 'image/png' }),
      mask: await toFile(png, 'mask.png', { type: 'image/png' }),
    })
    expect(comfy.uploads.map(({ form }) => form)).toEqual(
      Array.from({ length: 2 }, () => ({
        type: 'input',
        subfolder: 'colonnade',
        overwrite: 'true',
      })),
    )
    expect(comfy.uploads[0]?.bytes.equals(png)).toBe(true)
    for (const { path: kept } of comfy.uploads)
      expect(kept).toMatch(/^colonnade\/[\da-f-]{36}\.png$/)
    expect(inputs('picture')).toEqual({ image: comfy.uploads[0]?.path })
    expect(inputs('mask')).toEqual({ image: comfy.uploads[1]?.path, channel: 'red' })
    expect(inputs('scaled')).toMatchObject({ width: 64, height: 64 })
    expect(inputs('sampler')).toMatchObject({ denoise: 1 })
  })

  test('a variation needs no words', async () => {
    const { data } = await gateway.client.images.createVariation({
      model: 'plain',
      image: await toFile(png, 'a.png', { type: 'image/png' }),
      n: 2,
    })
    expect(data).toHaveLength(2)
    expect(inputs('latent')).toEqual({ samples: ['encoded', 0], amount: 2 })
    expect(inputs('sampler')).toMatchObject({ denoise: 0.5 })
  })

  test('an upload whose connection is lost is made again: nothing was begun', async () => {
    comfy.lose('/upload/image', 1)
    const { data } = await gateway.client.images.edit({
      model: 'plain',
      prompt: 'add a roof',
      image: await toFile(png, 'a.png', { type: 'image/png' }),
    })
    expect(data).toHaveLength(1)
    expect([count('POST /upload/image'), count('POST /prompt')]).toEqual([2, 1])
  })

  test('what is no picture is refused before anything is sent', async () => {
    const image = await toFile(Buffer.from('hello'), 'a.png', { type: 'image/png' })
    const failure = await failureOf(
      gateway.client.images.edit({ model: 'plain', prompt: 'x', image }),
    )
    expect(failure).toMatchObject({ status: 400, param: 'image', code: 'invalid_request' })
    expect(comfy.asked).toEqual([])
  })
})

describe('a refusal says what to change', () => {
  test('a checkpoint that is not there', async () => {
    const failure = await failureOf(draw({ model: 'lacking' }))
    expect(failure).toMatchObject({ status: 502, code: 'upstream_lacks_model' })
    expect(failure.message).toContain(
      "node checkpoint (CheckpointLoaderSimple): Value not in list: ckpt_name: 'none.safetensors'",
    )
    expect(failure.message).not.toContain(checkpoint)
  })

  test('a node that is not installed', async () => {
    const failure = await failureOf(draw({ model: 'unknown-node' }))
    expect(failure).toMatchObject({ status: 502, code: 'upstream_lacks_model' })
    expect(failure.message).toContain("Node 'Missing' not found")
  })

  test('a value of the caller’s that the node does not take', async () => {
    const failure = await failureOf(draw({ size: '4096x512' }))
    expect(failure).toMatchObject({ status: 400, code: 'invalid_request', param: 'size' })
    expect(failure.message).toContain('node latent (EmptyLatentImage): Value 4096 bigger than max')
  })

  test('what its workflow has no place for', async () => {
    const failure = await failureOf(draw({ model: 'own', steps: 4 }))
    expect(failure).toMatchObject({ status: 400, code: 'unsupported_parameter', param: 'steps' })
    expect(failure.message).toContain('its workflow has no {{steps}}')
  })

  test('a workflow with an unknown placeholder leaves its model out, and is told', async () => {
    const status = await (await gateway.get('/config/status')).text()
    expect(status).toContain('unknown placeholder {{promt}}, did you mean {{prompt}}?')
  })
})

describe('what was begun', () => {
  test('and failed in a node is told with the node, and not queued there again', async () => {
    comfy.fates('failed')
    const failure = await failureOf(draw())
    expect(failure).toMatchObject({ status: 502, code: 'upstream_failed' })
    expect(failure.message).toContain('ran out of memory at node sampler (KSampler)')
    expect(failure.message).not.toContain('/srv/comfy')
    expect(count('POST /prompt')).toBe(1)
  })

  test('and failed goes to another server, once', async () => {
    comfy.fates('failed')
    expect((await draw({ model: 'two' })).data).toHaveLength(1)
    expect([comfy.prompts.length, second.prompts.length]).toEqual([1, 1])
  })

  test('and perhaps queued, its connection lost, is not queued there again', async () => {
    comfy.lose('/prompt', 1)
    const failure = await failureOf(draw())
    expect(failure).toMatchObject({ status: 502, code: 'upstream_unreachable' })
    expect(count('POST /prompt')).toBe(1)
    await until(() => comfy.deleted.length === 1)
  })

  test('and was forgotten by a restart is not waited for for ever', async () => {
    comfy.fates('forgotten')
    const failure = await failureOf(draw())
    expect(failure.message).toContain('does not know the picture any more')
    expect(count('POST /prompt')).toBe(1)
  })

  test('and took too long is taken out of the queue', async () => {
    comfy.fates('queued')
    const failure = await failureOf(draw({ model: 'slow' }))
    expect(failure).toMatchObject({ status: 504, code: 'upstream_timeout' })
    await until(() => comfy.deleted.includes(lastId()))
    expect(comfy.interrupted).toEqual([])
  })

  test.each([
    ['queued', 'taken out of the queue', 0],
    ['running', 'interrupted', 1],
  ] as const)('and is %s when the caller leaves is %s', async (fate, _what, interrupts) => {
    comfy.fates(fate)
    const leaving = new AbortController()
    const { client } = gateway
    const asking = client.images
      .generate({ model: 'plain', prompt: 'x' }, { signal: leaving.signal })
      .catch((thrown: unknown) => thrown)
    await until(() => comfy.asked.some((one) => one.startsWith('GET /history')))
    leaving.abort()
    expect(await asking).toBeInstanceOf(OpenAI.APIUserAbortError)
    await until(() => comfy.deleted.includes(lastId()))
    await until(() => count('GET /queue') > 0 && comfy.interrupted.length === interrupts)
    expect(comfy.interrupted).toEqual([lastId()].slice(0, interrupts))
    await until(async () => (await gateway.metric('litellm_in_flight_requests')) === 0)
  })

  test('and is not answered yet when the caller leaves: the call is destroyed, the id withdrawn', async () => {
    comfy.fates('queued')
    comfy.stall()
    const leaving = new AbortController()
    const asking = gateway.client.images
      .generate({ model: 'plain', prompt: 'x' }, { signal: leaving.signal })
      .catch((thrown: unknown) => thrown)
    await until(() => comfy.prompts.length === 1)
    expect(comfy.gone()).toBe(0)
    leaving.abort()
    await asking
    await until(() => comfy.deleted.includes(lastId()))
    expect(comfy.gone()).toBe(1)
  })

  test('and is past the deadline of its caller is withdrawn, and nobody else asked', async () => {
    comfy.fates('running')
    const failure = await failureOf(draw({ model: 'two', timeout: 0.4 }))
    expect(failure).toMatchObject({ status: 504, code: 'caller_deadline' })
    await until(() => comfy.interrupted.includes(lastId()))
    expect(second.asked).toEqual([])
  })

  test('goes on in the log, without a word of the prompt', async () => {
    comfy.fates('drawn later')
    await draw({ prompt: 'a secret column' })
    expect(gateway.log.some((line) => line.includes('"msg":"queued"'))).toBe(true)
    expect(gateway.log.join('')).not.toContain('a secret column')
  })
})

test('attempts are counted as with any upstream', async () => {
  const counted = (labels: Readonly<Record<string, string>>) =>
    gateway.metric('litellm_deployment_total_requests_total', labels)
  const before = await counted({})
  await draw({ n: 2 })
  comfy.fates('failed')
  await failureOf(draw())
  expect((await counted({})) - before).toBe(2)
})

test('what is being drawn when the gateway goes down is interrupted', async () => {
  comfy.fates('running')
  const going = await startGateway({
    config: {
      model_list: [
        {
          model_name: 'plain',
          litellm_params: { model: `comfyui/${checkpoint}`, api_base: comfy.url },
        },
      ],
    },
  })
  const asking = failureOf(going.client.images.generate({ model: 'plain', prompt: 'x' }))
  await until(() => comfy.prompts.length === 1)
  await going.close()
  expect(await asking).toMatchObject({ status: 503, code: 'shutting_down' })
  await until(() => comfy.interrupted.includes(lastId()))
})

test('a probe lists its checkpoints', async () => {
  const health: unknown = await (await gateway.get('/health?probe=true')).json()
  expect(JSON.stringify(health)).toContain(checkpoint)
})
