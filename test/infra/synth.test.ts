import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { exampleEnvText } from '../../infra/env-file.ts'
import { readFleet } from '../../infra/fleet.ts'
import { synth } from '../../infra/synth.ts'
import { backendsFleet } from './asked-fleets.ts'
import { copyFleet, repository, writeFiles, writeFleet } from './fleet-folder.ts'

function run(root: string, ...args: string[]) {
  const lines: string[] = []
  const status = synth(root, args, (line) => lines.push(line))
  return { status, said: lines.join('\n') }
}

const rerank = {
  'modules/rerank.yaml': 'model_list: [{model_name: r, litellm_params: {model: openai/r}}]\n',
}

test('.env.example is what the shipped modules need', () => {
  const text = readFileSync(join(repository, '.env.example'), 'utf8')
  expect(text).toBe(exampleEnvText(readFleet(repository)))
})

describe('synth', () => {
  test('writes k8s/, .env and secrets/, and no value shows', () => {
    const root = copyFleet()
    const { status, said } = run(root)
    expect(status).toBe(0)
    expect(said).toContain('LLM_MASTER_KEY')
    const [, key = ''] =
      /^LLM_MASTER_KEY=(.*)$/m.exec(readFileSync(join(root, '.env'), 'utf8')) ?? []
    expect(key).toMatch(/^sk-/)
    expect(said).not.toContain(key)
    expect(readdirSync(join(root, 'secrets'))).toContain('llm-keys.yaml')
    for (const name of readdirSync(join(root, 'secrets')))
      expect(statSync(join(root, 'secrets', name)).mode & 0o777).toBe(0o600)
  })

  test('done again, changes nothing', () => {
    const root = copyFleet()
    run(root)
    const before = readFileSync(join(root, '.env'), 'utf8')
    const { said } = run(root)
    expect(said.match(/nothing changed/g)).toHaveLength(4)
    expect(readFileSync(join(root, '.env'), 'utf8')).toBe(before)
  })

  test('a secret that others could read is closed again', () => {
    const root = copyFleet()
    run(root)
    chmodSync(join(root, 'secrets/llm-keys.yaml'), 0o644)
    writeFiles(root, {
      '.env': readFileSync(join(root, '.env'), 'utf8').replace(
        /^LLM_MASTER_KEY=.*$/m,
        'LLM_MASTER_KEY=sk-mine',
      ),
    })
    run(root)
    expect(statSync(join(root, 'secrets/llm-keys.yaml')).mode & 0o777).toBe(0o600)
  })

  test('a module that went loses its files, and the cluster’s objects are named', () => {
    const root = copyFleet(rerank)
    run(root)
    writeFiles(root, { 'k8s/rerank/notes.txt': 'mine' })
    rmSync(join(root, 'modules/rerank.yaml'))
    const { said } = run(root)
    expect(said).toMatch(/kubectl delete -n ai-gateway \S*deployment\S* -l module=rerank/)
    expect(readdirSync(join(root, 'k8s/rerank'))).toEqual(['notes.txt'])
    expect(existsSync(join(root, 'secrets/rerank-keys.yaml'))).toBe(false)
    expect(readFileSync(join(root, 'k8s/kustomization.yaml'), 'utf8')).not.toContain('rerank')
    expect(run(root).said).not.toContain('kubectl delete')
  })

  test('an object that went is named by itself', () => {
    const scaled = `deploy: {autoscaling: {max: 3}}\n${rerank['modules/rerank.yaml']}`
    const root = copyFleet({ 'modules/rerank.yaml': scaled })
    run(root)
    writeFiles(root, rerank)
    expect(run(root).said).toContain(
      'kubectl delete -n ai-gateway horizontalpodautoscaler rerank-gateway',
    )
  })

  test('a model server that went is named by itself, but for its data', () => {
    const root = copyFleet(backendsFleet)
    run(root)
    rmSync(join(root, 'modules/audio.yaml'))
    const { said } = run(root)
    expect(said).toContain('kubectl delete -n ai-gateway deployment audio-whisper')
    expect(said).toMatch(/kubectl delete -n ai-gateway \S*deployment\S* -l module=audio$/m)
    expect(said).not.toMatch(/persistentvolumeclaim audio/)
  })

  test('--removed names what no module asks for, whenever it went', () => {
    const { said } = run(copyFleet(), '--removed')
    expect(said).toContain("module notin (audio,embeddings,image-gen,llm,vision)'")
  })

  test('a component that nobody asks for any more loses its files, and the cluster’s objects are named', () => {
    const root = copyFleet({ 'platform.yaml': 'postgres: {mode: cnpg}\n' })
    run(root)
    expect(existsSync(join(root, 'components/cnpg/cluster.yaml'))).toBe(true)
    writeFiles(root, { 'platform.yaml': '' })
    expect(run(root).said).toContain('kubectl delete -n ai-gateway cluster postgres')
    expect(existsSync(join(root, 'components/cnpg'))).toBe(false)
    expect(run(root, '--check').status).toBe(0)
  })

  test('where others make the Secrets, neither .env nor a Secret is written', () => {
    const root = copyFleet({ 'platform.yaml': 'secrets: {mode: existing}\n' })
    expect(run(root).said).toContain('the Secrets are made elsewhere')
    expect(existsSync(join(root, '.env'))).toBe(false)
    expect(readdirSync(join(root, 'secrets'))).toEqual(['kustomization.yaml'])
  })

  test('a file made by hand stays', () => {
    const root = copyFleet({ 'k8s/llm/mine.yaml': 'kind: ConfigMap\n' })
    run(root)
    expect(existsSync(join(root, 'k8s/llm/mine.yaml'))).toBe(true)
    expect(run(root, '--check').status).toBe(0)
  })

  test('a folder without k8s/ gets one', () => {
    const root = writeFleet(rerank)
    expect(run(root).status).toBe(0)
    expect(existsSync(join(root, 'k8s/rerank/service.yaml'))).toBe(true)
  })
})

describe('what is wrong with a file', () => {
  test.each([
    ['a mistyped key of ours', 'deploy: {replica: 2}', 'modules/bad.yaml:1:'],
    ['a port of another', 'deploy: {node_port: 30100}', 'modules/llm.yaml'],
    [
      'a literal vendor key',
      'model_list: [{model_name: a, litellm_params: {model: openai/a, api_key: sk-proj-Ab3dE6gH9jK2mN5pQ8sT1v}}]',
      'os.environ/OPENAI_API_KEY',
    ],
    ['no YAML', 'model_list: [', 'modules/bad.yaml:2:1'],
  ])('%s is named, and nothing is written', (_, text, said) => {
    const root = copyFleet({ 'modules/bad.yaml': `${text}\n` })
    const result = run(root)
    expect(result.status).toBe(1)
    expect(result.said).toContain(said)
    expect(result.said).not.toContain('sk-proj-Ab3dE6gH9jK2mN5pQ8sT1v')
    expect(existsSync(join(root, 'k8s/bad'))).toBe(false)
    expect(existsSync(join(root, '.env'))).toBe(false)
  })

  test('all faults of all files at once', () => {
    const bad = {
      'modules/a.yaml': 'deploy: {replica: 2}\n',
      'modules/b.yaml': 'endpoints: [chat]\n',
    }
    const { said } = run(copyFleet({ ...bad, 'platform.yaml': 'namespaces: x\n' }))
    for (const file of ['modules/a.yaml', 'modules/b.yaml', 'platform.yaml'])
      expect(said).toContain(file)
  })

  test('a module whose Service could not be named so', () => {
    expect(run(copyFleet({ 'modules/4o.yaml': 'model_list: []\n' })).said).toContain(
      'begins with a letter',
    )
  })

  test('a folder without modules', () => {
    expect(run(writeFleet({})).said).toContain('modules/<name>.yaml')
  })

  test('an option that is none', () => {
    expect(() => run(copyFleet(), '--chek')).toThrow(/--check/)
  })
})

describe('--check', () => {
  test('passes on what synth wrote, and neither needs nor makes .env or secrets/', () => {
    const root = copyFleet()
    run(root)
    rmSync(join(root, '.env'))
    rmSync(join(root, 'secrets'), { recursive: true })
    expect(run(root, '--check').status).toBe(0)
    expect(existsSync(join(root, '.env'))).toBe(false)
    expect(existsSync(join(root, 'secrets'))).toBe(false)
  })

  test('shows what differs and what to run, and writes nothing', () => {
    const root = copyFleet()
    run(root)
    const file = join(root, 'k8s/llm/service.yaml')
    writeFiles(root, { 'k8s/llm/service.yaml': readFileSync(file, 'utf8').replace('4000', '4001') })
    rmSync(join(root, 'k8s/audio/service.yaml'))
    writeFiles(root, { 'k8s/gone/service.yaml': readFileSync(file, 'utf8') })
    const before = readFileSync(file, 'utf8')
    const { status, said } = run(root, '--check')
    expect(status).toBe(1)
    expect(said).toContain('k8s/audio/service.yaml: missing')
    expect(said).toContain('k8s/gone/service.yaml')
    expect(said).toMatch(/- +port: 4001\n.*\+ +port: 4000/)
    expect(said).toContain('npm run synth')
    expect(readFileSync(file, 'utf8')).toBe(before)
  })
})
