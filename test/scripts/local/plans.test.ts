import { expect, test } from 'vitest'
import { readModule } from '../../../modules/read-module.ts'
import { planFor } from '../../../scripts/local/plans.ts'

const sources = {
  findVariable: (name: string) => ({ LLM_MASTER_KEY: 'sk-m', SALT_KEY: 'salt', MY_KEY: 'v' })[name],
  databaseUrlFor: (module: string) => `postgres://${module}@x/y`,
}

function plan(deploy: string) {
  const text = `deploy: ${deploy}\nmodel_list: [{model_name: a, litellm_params: {model: openai/a, api_key: os.environ/MY_KEY}}]`
  const read = readModule(text, { file: 'modules/llm.yaml', name: 'llm' })
  const module = {
    ...read,
    name: 'llm',
    file: 'modules/llm.yaml',
    nodePort: 30100,
    config: 'the document',
  }
  return planFor(module, sources)
}

test('a module gets what its Secret holds in a cluster, and no more', () => {
  expect(plan('{}')).toEqual({
    name: 'llm',
    file: 'modules/llm.yaml',
    port: 30100,
    workers: 1,
    config: 'the document',
    secrets: {
      MY_KEY: 'v',
      LITELLM_MASTER_KEY: 'sk-m',
      SALT_KEY: 'salt',
      DATABASE_URL: 'postgres://llm@x/y',
    },
  })
})

test.each([
  ['{replicas: 3}', 3],
  ['{replicas: 0}', 1],
  ['{replicas: null}', 1],
  ['{autoscaling: {min: 2, max: 5}}', 2],
])('replicas become workers: %s', (deploy, workers) => {
  expect(plan(deploy).workers).toBe(workers)
})
