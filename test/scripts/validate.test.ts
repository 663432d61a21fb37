import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { faultLine } from '../../modules/fault-list.ts'
import { validate } from '../../scripts/validate.ts'

const repository = resolve(import.meta.dirname, '../..')
const folders: string[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** A folder with the shipped modules and these files. */
function fleetWith(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'colonnade-validate-'))
  folders.push(root)
  cpSync(join(repository, 'platform.yaml'), join(root, 'platform.yaml'))
  cpSync(join(repository, 'modules'), join(root, 'modules'), {
    recursive: true,
    filter: (source) => !source.endsWith('.ts') && !source.endsWith('.json'),
  })
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  return root
}

function lines(files: Record<string, string>): string[] {
  return validate({ root: fleetWith(files) }).faults.map(faultLine)
}

const rerank =
  'model_list: [{model_name: r, litellm_params: {model: openai/r, api_base: "http://a/v1"}}]\n'

test('the shipped files are valid, strictly too', () => {
  expect(validate({ root: repository, isStrict: true })).toMatchObject({
    faults: [],
    isValid: true,
  })
})

test('the command says so and ends well', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/validate.ts'], {
    cwd: repository,
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  expect(stdout).toMatch(/^\d+ files: 0 errors, 0 warnings\n$/)
  expect(status).toBe(0)
})

test('a model without a price is a fault where nothing is served without one', () => {
  const vendor = (model: string) =>
    `{model_name: m, litellm_params: {model: ${model}, api_base: "https://vendor.example/v1"}}`
  const models = ['openai/gpt-4o', 'openai/nobody-knows'].map(vendor).join(', ')
  const text = `model_list: [${models}]\n`
  expect(lines({ 'modules/paid.yaml': text })).toEqual([])
  expect(lines({ 'modules/paid.yaml': `prices: {unpriced: refuse}\n${text}` })).toEqual([
    expect.stringMatching(
      /^modules\/paid.yaml:2:\d+ model_list\[1\].*nobody knows the price of nobody-knows/,
    ),
  ])
})

test('a sixth file is checked without being named anywhere', () => {
  const { summary, isValid } = validate({ root: fleetWith({ 'modules/rerank.yaml': rerank }) })
  expect(summary).toBe('7 files: 0 errors, 0 warnings')
  expect(isValid).toBe(true)
})

describe('faults', () => {
  test('of all files come at once', () => {
    const found = lines({
      'platform.yaml': 'namespase: a\n',
      'modules/one.yaml': 'deploy: {replicas: many}\n' + rerank,
      'modules/two.yaml': '- a list\n',
    })
    expect(found).toEqual([
      'modules/one.yaml:1:20 deploy.replicas: expected a whole number from 0 to 1000, or null where something else scales, found "many"',
      'modules/two.yaml:1:1 expected keys and values, found a list',
      'platform.yaml:1:1 namespase: unknown key, did you mean namespace?',
    ])
  })

  test('two modules on one port', () => {
    const found = lines({ 'modules/zebra.yaml': `deploy: {node_port: 30100}\n${rerank}` })
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(/zebra\.yaml.*30100.*llm\.yaml|llm\.yaml.*30100.*zebra\.yaml/)
  })

  test.each([30_000, 30_900])('port %i, which is taken', (port) => {
    const found = lines({ 'modules/zebra.yaml': `deploy: {node_port: ${port}}\n${rerank}` })
    expect(found).toContainEqual(
      expect.stringContaining('modules/zebra.yaml:1:21 deploy.node_port: expected'),
    )
  })

  test('two files for one module', () => {
    expect(lines({ 'modules/llm.yml': rerank }).join('\n')).toContain('modules/llm.y')
  })

  test('a name that cannot be a module', () => {
    expect(lines({ 'modules/shared.yaml': rerank })[0]).toContain('rename the file')
    expect(lines({ 'modules/My_Models.yaml': rerank })[0]).toContain('rename the file')
  })

  test('a provider nobody knows, and one without an address', () => {
    const text = `model_list:
  - {model_name: a, litellm_params: {model: olama_chat/a}}
  - {model_name: b, litellm_params: {model: hosted_vllm/b}}
  - {model_name: c, litellm_params: {model: c-model}}
  - {model_name: d, litellm_params: {model: "\${MODEL}"}}
`
    const found = lines({ 'modules/zebra.yaml': text })
    expect(found).toHaveLength(3)
    expect(found[0]).toMatch(
      /^modules\/zebra\.yaml:2:45 model_list\[0\]\.litellm_params\.model: .*ollama_chat/,
    )
    expect(found[1]).toContain(
      'modules/zebra.yaml:3:37 model_list[1].litellm_params.api_base: expected the address',
    )
    expect(found[2]).toContain('modules/zebra.yaml:4:45 model_list[2].litellm_params.model: ')
  })

  test("a provider that has none of the module's endpoints is a warning", () => {
    const root = fleetWith({
      'modules/zebra.yaml':
        'endpoints: [audio-speech]\nmodel_list: [{model_name: a, litellm_params: {model: ollama_chat/a}}]\n',
    })
    const { faults, isValid } = validate({ root })
    expect(faults).toMatchObject([
      { severity: 'warning', path: 'model_list[0].litellm_params.model' },
    ])
    expect(isValid).toBe(true)
    expect(validate({ root, isStrict: true }).isValid).toBe(false)
  })

  test('a vendor key in a file', () => {
    const key = ['sk', 'proj', 'Zk81pLq0vR2uXw7Tn4Bm'].join('-')
    const found = lines({
      'modules/zebra.yaml': `model_list: [{model_name: a, litellm_params: {model: openai/a, api_key: ${key}}}]\n`,
    })
    expect(found.join()).toContain('OPENAI_API_KEY')
    expect(found.join()).not.toContain('Zk81')
  })
})

describe('files by name', () => {
  test('only these are reported', () => {
    const root = fleetWith({
      'modules/one.yaml': 'a list\n',
      'modules/two.yaml': rerank,
      'platform.yaml': 'x: 1\n',
    })
    const { faults, summary } = validate({ root, files: [join(root, 'modules/one.yaml')] })
    expect(faults.map(({ file }) => file)).toEqual(['modules/one.yaml'])
    expect(summary).toBe('1 file: 1 error, 0 warnings')
  })

  test('a LiteLLM config from elsewhere is checked like a module', () => {
    const file = join(repository, 'test/fixtures/litellm-configs/hurried.yaml')
    const { faults, isValid } = validate({ root: fleetWith({}), files: [file] })
    expect(isValid).toBe(false)
    expect(faults.map((fault) => fault.file)).toEqual(faults.map(() => file))
  })

  test('a file that is not there is a fault', () => {
    const { faults } = validate({ root: fleetWith({}), files: ['/nowhere/at-all.yaml'] })
    expect(faults.map(faultLine)).toEqual([
      '/nowhere/at-all.yaml:1:1 expected a file, found nothing of that name',
    ])
  })
})

test('an option nobody knows is named', () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/validate.ts', '--strct'], {
    cwd: repository,
    encoding: 'utf8',
  })
  expect(status).toBe(2)
  expect(stderr).toContain('--strct')
})

test('a workflow is checked where it stands', () => {
  const node = '{"1": {class_type: A, inputs: {text: "{{promt}}"}}}'
  const text = `model_list:
  - model_name: a
    litellm_params:
      model: comfyui/x
      workflow: ${node}
  - model_name: b
    litellm_params: {model: comfyui/x, workflow_file: /where/the/gateway/runs.json}
`
  expect(lines({ 'modules/drawn.yaml': text })).toEqual([
    'modules/drawn.yaml:5:17 model_list[0].litellm_params.workflow: node 1: inputs.text: unknown placeholder {{promt}}, did you mean {{prompt}}?',
  ])
})
