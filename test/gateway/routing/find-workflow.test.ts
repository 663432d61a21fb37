import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'

import { createDeployments } from '../../../gateway/routing/create-deployments.ts'
import { faultLine } from '../../../modules/fault-list.ts'
import { readModule } from '../../../modules/read-module.ts'

const workflow = {
  1: { class_type: 'CLIPTextEncode', inputs: { text: 'a ${KIND} of {{prompt}}', clip: ['2', 1] } },
  2: { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: '{{model}}' } },
}
const json = JSON.stringify(workflow)

function made(params: Readonly<Record<string, unknown>>, files: Record<string, string> = {}) {
  const text = stringify({
    model_list: [{ model_name: 'a', litellm_params: { model: 'comfyui/x', ...params } }],
  })
  const environment = (name: string): string | undefined =>
    name === 'KIND' ? 'drawing' : undefined
  const { module, faults } = readModule(text, { file: 'f', name: 'm', environment })
  if (!module) throw new Error('not read')
  const readFile = (path: string): string | undefined => files[path]
  const set = createDeployments(module, { findVariable: environment, readFile })
  return {
    deployment: set.deployments[0],
    faults: [...faults.map(faultLine), ...set.faults.map(({ message }) => message)],
  }
}

describe('a workflow', () => {
  test.each([
    ['as a block', { workflow }, {}, 'a drawing of {{prompt}}'],
    ['as JSON', { workflow: json }, {}, 'a drawing of {{prompt}}'],
    // A file is no document of ours: nothing of the environment is put into it.
    ['in a file', { workflow_file: '/w.json' }, { '/w.json': json }, 'a ${KIND} of {{prompt}}'],
  ])('is taken %s', (_how, params, files, text) => {
    const { deployment, faults } = made(params, files)
    expect(faults).toEqual([])
    expect(deployment?.params.workflow?.['1']).toMatchObject({ inputs: { text } })
    expect(deployment?.target.params.workflow).toEqual(deployment?.params.workflow)
  })

  test.each([
    ['that is not there', { workflow_file: '/none' }, 'the path of a file that can be read'],
    ['of something else', { workflow_file: '/list' }, 'expected a JSON object in it'],
    ['twice', { workflow, workflow_file: '/w' }, 'expected it or workflow, found both'],
    ['that is no JSON', { workflow: '{1: 2' }, 'found text that is no JSON object'],
    [
      'with a typing error',
      { workflow: { 1: { class_type: 'A', inputs: { a: '{{seeed}}' } } } },
      'workflow: node 1: inputs.a: unknown placeholder {{seeed}}, did you mean {{seed}}?',
    ],
    ['where none is drawn by', { model: 'openai/x', workflow }, 'workflow: openai draws by none'],
  ])('%s is a fault', (_what, params, fault) => {
    const { deployment, faults } = made(params, { '/list': '[]', '/w': json })
    expect(faults.join('\n')).toContain(fault)
    expect(deployment).toBeUndefined()
  })
})

test('the example of the docs is sound', () => {
  const docs = readFileSync(new URL('../../../docs/providers.md', import.meta.url), 'utf8')
  const [, example = ''] = /```yaml\n( {2}- model_name: flux\n[\s\S]*?)```/.exec(docs) ?? []
  const { module, faults } = readModule(`model_list:\n${example}`, {
    file: 'f',
    name: 'm',
    environment: () => 'host',
  })
  expect(faults).toEqual([])
  if (!module) throw new Error('not read')
  const set = createDeployments(module, { findVariable: () => undefined })
  expect([set.deployments.length, set.faults]).toEqual([1, []])
})
