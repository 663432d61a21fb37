import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import OpenAI, { AuthenticationError } from 'openai'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { LocalTree, StartedFleet } from './local-tree.ts'

const shipped = ['llm', 'vision', 'audio', 'image-gen', 'embeddings']

describe('a demo of all modules', () => {
  let tree: LocalTree
  let fleet: StartedFleet

  const clientOf = (module: string, variable: string) =>
    new OpenAI({
      baseURL: `${tree.address(module)}/v1`,
      apiKey: tree.secret(variable),
      maxRetries: 0,
    })

  beforeAll(async () => {
    tree = await LocalTree.create(shipped)
    fleet = new StartedFleet(tree, ['--demo'])
    await fleet.until('Ctrl-C ends')
  }, 60_000)

  afterAll(async () => {
    fleet.process.kill('SIGKILL')
    await tree.untilNoProcesses()
    tree.remove()
  })

  test('the table has each module, its address, its key and what is behind it', () => {
    for (const name of shipped) {
      const row = fleet.lines.find(
        (line) => line.startsWith(`[demo] ${name} `) && line.includes('MASTER_KEY'),
      )
      expect(row).toContain(tree.address(name))
      expect(row).toContain(`${name.replace('-', '_').toUpperCase()}_MASTER_KEY`)
      expect(row).toContain('answers')
      expect(row).toContain('demo/')
    }
  })

  test('each module has answered one request', () => {
    const shown = [
      /llm +\| chat, streamed in \d+ pieces: ".*demo.*" \(model demo\/.*, [1-9]\d* tokens\)/,
      /vision +\| picture described: ".*demo.*sent a picture.*" \(model demo\//,
      /audio +\| demo.wav transcribed: ".*demo.*"/,
      /image-gen +\| picture made: 512 x 512 pixels/,
      /embeddings +\| 2 texts embedded, \d+ dimensions each \(model demo\//,
    ]
    for (const pattern of shown) expect(fleet.output).toMatch(pattern)
  })

  test('every line says that it is a demo, and none holds a secret', () => {
    expect(fleet.lines.filter((line) => !line.startsWith('[demo]'))).toEqual([])
    const values = tree.read('.env').matchAll(/^\w+=(.{20,})$/gm)
    const secrets = [...values].map(([, value]) => value ?? '')
    expect(secrets.length).toBeGreaterThan(10)
    expect(secrets.filter((secret) => fleet.output.includes(secret))).toEqual([])
  })

  test("a module's own key opens it, and another module's does not", async () => {
    const models = await clientOf('llm', 'LLM_MASTER_KEY').models.list()
    expect(models.data.map(({ id }) => id)).toContain('demo/qwen')
    // Until its database is there nobody can tell whether it is a virtual key.
    await vi.waitFor(
      () =>
        expect(clientOf('llm', 'AUDIO_MASTER_KEY').models.list()).rejects.toThrow(
          AuthenticationError,
        ),
      { timeout: 20_000, interval: 200 },
    )
  })

  test('a sixth module is one more file, and needs no restart', async () => {
    const source = tree.read('modules', 'embeddings.yaml')
    const port = Math.max(...tree.ports.values()) + 1
    tree.ports.set('sixth', port)
    tree.write('modules/sixth.yaml', source.replace(/node_port: \d+/, `node_port: ${port}`))
    await fleet.until(/sixth +\| http:\/\/127.0.0.1:\d+: ready/)
    const client = clientOf('sixth', 'SIXTH_MASTER_KEY')
    const answer = await client.embeddings.create({ model: 'demo/all-minilm', input: 'x' })
    expect(answer.model).toBe('demo/all-minilm')
  })

  test('a changed module file is served without a restart; a faulty one changes nothing', async () => {
    const client = clientOf('embeddings', 'EMBEDDINGS_MASTER_KEY')
    const names = async () => (await client.models.list()).data.map(({ id }) => id)
    const source = tree.read('modules', 'embeddings.yaml')
    tree.write(
      'modules/embeddings.yaml',
      source.replace('model_name: all-minilm', 'model_name: renamed'),
    )
    while (!(await names()).includes('demo/renamed')) await sleep(50)
    tree.write('modules/embeddings.yaml', `${source}\nendpoints: [nonsense]\n`)
    await fleet.until(/\[demo\] modules\/embeddings.yaml:\d+:\d+ /)
    await sleep(300)
    expect(await names()).toContain('demo/renamed')
  })

  test('a key changed in .env is the one that counts, without a restart', async () => {
    const env = tree.read('.env')
    const fresh = `sk-${'k'.repeat(8)}${Math.random()}`
    tree.write('.env', env.replace(/^(VISION_MASTER_KEY)=.*$/m, `$1=${fresh}`))
    const status = async () =>
      (await fetch(`${tree.address('vision')}/v1/models`, { headers: { 'x-api-key': fresh } }))
        .status
    while ((await status()) !== 200) await sleep(50)
    expect(fleet.output).not.toContain(fresh)
  })

  test('a Postgres that dies is started again', async () => {
    const server = tree.processes().find((line) => line.includes('bin/postgres -D'))
    process.kill(Number.parseInt(server ?? '', 10), 'SIGKILL')
    await fleet.until('Postgres runs again')
  })

  test('a second start in the same folder is told about the first', async () => {
    const second = new StartedFleet(tree, ['--demo'])
    expect(await second.exitCode()).toBe(1)
    expect(second.output).toContain(`as process ${fleet.process.pid}`)
  })

  test('Ctrl-C drains, ends with 0 and leaves nothing running', async () => {
    fleet.process.kill('SIGINT')
    // npm passes the terminal's signal on once more.
    fleet.process.kill('SIGINT')
    expect(await fleet.exitCode()).toBe(0)
    expect(fleet.lines.at(-1)).toBe('[demo] ended')
    expect(tree.processes()).toEqual([])
  })
})

describe('some modules', () => {
  let tree: LocalTree

  beforeAll(async () => {
    tree = await LocalTree.create(['llm', 'audio', 'vision'])
  })

  afterAll(async () => {
    await tree.untilNoProcesses()
    tree.remove()
  })

  test('an unknown name is answered with the nearest', async () => {
    const fleet = new StartedFleet(tree, ['lmm'])
    expect(await fleet.exitCode()).toBe(1)
    expect(fleet.output).toBe(
      'There is no module lmm. Did you mean llm? The modules are: audio, embeddings, image-gen, llm, vision.\n',
    )
  })

  test('a port in use is a sentence, the others run; a killed parent leaves nothing behind', async () => {
    // A plain LiteLLM config is a module; this one takes the place of a shipped file.
    tree.write('modules/audio.yaml', plainConfig(tree.ports.get('audio') ?? 0))
    const other = createServer((_, response) => response.end('another program'))
    await new Promise<void>((resolve) => other.listen(tree.ports.get('llm'), '127.0.0.1', resolve))
    const fleet = new StartedFleet(tree, ['llm', 'audio'])
    try {
      await fleet.until('Ctrl-C ends')
      expect(fleet.output).toContain(
        `llm: port ${tree.ports.get('llm')} is in use by another program: stop that program, or set deploy.node_port in modules/llm.yaml`,
      )
      expect(fleet.output).not.toContain('    at ')
      const answer = await fetch(`${tree.address('audio')}/v1/models`)
      expect(await answer.json()).toMatchObject({ data: [{ id: 'gpt-4o' }] })
      expect(tree.processes().length).toBeGreaterThan(1)
    } finally {
      fleet.process.kill('SIGKILL')
      other.close()
    }
    await tree.untilNoProcesses()
  })
})

/** As LiteLLM's users have it; the port alone is ours, for this machine's sake. */
function plainConfig(port: number): string {
  return `deploy: {node_port: ${port}}
model_list:
  - model_name: gpt-4o
    litellm_params:
      model: openai/gpt-4o
      api_base: http://127.0.0.1:9/v1
      api_key: none
litellm_settings:
  drop_params: true
`
}
