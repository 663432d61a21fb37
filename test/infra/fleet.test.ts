import { parse } from 'yaml'
import { describe, expect, test } from 'vitest'
import { readFleet } from '../../infra/fleet.ts'
import { copyFleet, writeFleet } from './fleet-folder.ts'

const model = 'model_list: [{model_name: m, litellm_params: {model: openai/m}}]\n'

test('the shipped fleet has no faults, and the ports people know', () => {
  const { modules, faults } = readFleet(copyFleet())
  expect(faults).toEqual([])
  expect(Object.fromEntries(modules.map(({ name, nodePort }) => [name, nodePort]))).toEqual({
    audio: 30300,
    embeddings: 30500,
    'image-gen': 30400,
    llm: 30100,
    vision: 30200,
  })
})

test('a module whose file is unusable is a fault, and the others are as they were', () => {
  const before = readFleet(copyFleet()).modules
  const { modules, faults } = readFleet(copyFleet({ 'modules/vision.yaml': 'model_list: [' }))
  expect(faults).toMatchObject([{ file: 'modules/vision.yaml', severity: 'error' }])
  expect(modules.map(({ name }) => name)).toEqual(['audio', 'embeddings', 'image-gen', 'llm'])
  for (const { name, nodePort } of modules)
    expect(nodePort).toBe(before.find((module) => module.name === name)?.nodePort)
})

test('a file that comes first by name does not take the port of one that was there', () => {
  const service = 'kind: Service\nspec:\n  ports:\n  - name: http\n    nodePort: 30100\n'
  const root = writeFleet({
    'modules/b.yaml': model,
    'modules/a.yaml': model,
    'k8s/b/service.yaml': service,
  })
  const ports = readFleet(root).modules.map(({ name, nodePort }) => [name, nodePort])
  expect(ports).toEqual([
    ['a', 30200],
    ['b', 30100],
  ])
})

test('what is not a module file is passed over', () => {
  const root = writeFleet({
    'modules/a.yaml': model,
    'modules/b.yml': model,
    'modules/module.ts': '',
    'modules/module.schema.json': '{}',
    'modules/.hidden.yaml': model,
    'modules/old/c.yaml': model,
  })
  expect(readFleet(root).modules.map(({ name }) => name)).toEqual(['a', 'b'])
})

test('two files of one name are a fault, and one module', () => {
  const { modules, faults } = readFleet(
    writeFleet({ 'modules/a.yaml': model, 'modules/a.yml': model }),
  )
  expect(modules).toHaveLength(1)
  expect(faults).toMatchObject([{ file: 'modules/a.yml', severity: 'error' }])
})

test('without a platform file the defaults hold', () => {
  expect(readFleet(writeFleet({ 'modules/a.yaml': model })).platform.namespace).toBe('ai-gateway')
})

const documentOf = (root: string, name: string): { fleet: { module: string; port: number }[] } =>
  parse(readFleet(root).modules.find((module) => module.name === name)?.config ?? '')

describe('a gateway’s document', () => {
  test('names the neighbours, each with its port and endpoints', () => {
    expect(documentOf(copyFleet(), 'llm').fleet).toContainEqual({
      module: 'embeddings',
      port: 30500,
      endpoints: ['embeddings'],
    })
    expect(documentOf(copyFleet(), 'llm').fleet.map(({ module }) => module)).not.toContain('llm')
  })

  test('stays small among hundreds', () => {
    const files = Array.from({ length: 60 }, (_, at) => [
      `modules/m${at}.yaml`,
      `endpoints: [rerank]\n${model}`,
    ])
    const root = writeFleet({
      ...Object.fromEntries(files),
      'modules/z.yaml': `endpoints: [moderations]\n${model}`,
    })
    const { fleet } = documentOf(root, 'm0')
    expect(fleet.map(({ module }) => module)).toContain('z')
    expect(fleet.length).toBeLessThan(10)
  })
})
