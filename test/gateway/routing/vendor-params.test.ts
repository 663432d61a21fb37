import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'

import {
  createDeployments,
  type DeploymentSet,
} from '../../../gateway/routing/create-deployments.ts'
import { readModule } from '../../../modules/read-module.ts'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const account = JSON.stringify({
  type: 'service_account',
  project_id: 'of-the-account',
  client_email: 'robot@of-the-account.iam.gserviceaccount.com',
  private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
})

function made(
  params: Record<string, unknown>,
  variables: Record<string, string> = {},
  files: Record<string, string> = {},
): DeploymentSet {
  const text = stringify({
    model_list: [{ model_name: 'a', litellm_params: { model: 'vertex_ai/x', ...params } }],
  })
  const environment = (name: string): string | undefined => variables[name]
  const { module } = readModule(text, { file: 'f', name: 'm', environment })
  if (!module) throw new Error('not read')
  return createDeployments(module, { findVariable: environment, readFile: (path) => files[path] })
}

describe('credentials', () => {
  test.each([
    ['as text', { vertex_credentials: account }, {}, {}],
    ['as a block', { vertex_credentials: JSON.parse(account) }, {}, {}],
    ['by a variable', { vertex_credentials: 'os.environ/ACCOUNT' }, { ACCOUNT: account }, {}],
    ['by a path', { vertex_credentials: '/keys/a.json' }, {}, { '/keys/a.json': account }],
    ['by the path of a variable', {}, { GOOGLE_APPLICATION_CREDENTIALS: '/a' }, { '/a': account }],
    ["in Vertex AI's variable", {}, { VERTEXAI_CREDENTIALS: account }, {}],
  ])('%s take the place of a key', (_, params, variables, files) => {
    const { deployments, faults } = made(params, variables, files)
    expect(faults).toEqual([])
    expect(deployments[0]?.credentials?.id).toMatch(/^[0-9a-f]{64}$/)
    expect(deployments[0]?.headers).toEqual([])
    expect(deployments[0]?.target.params.project).toBe('of-the-account')
    expect(deployments[0]?.origin).toBe('https://us-central1-aiplatform.googleapis.com')
  })

  test('give way to what the deployment says itself', () => {
    const own = {
      vertex_credentials: account,
      vertex_project: 'mine',
      vertex_location: 'europe-west4',
    }
    const [deployment] = made(own).deployments
    expect(deployment?.target.params.project).toBe('mine')
    expect(deployment?.origin).toBe('https://europe-west4-aiplatform.googleapis.com')
    const [keyed] = made({ vertex_credentials: account, api_key: 'k' }).deployments
    expect(keyed?.credentials).toBeUndefined()
    expect(keyed?.headers).toEqual(['x-goog-api-key', 'k'])
  })

  test('of the document go before a key of the environment', () => {
    const [deployment] = made(
      { vertex_credentials: account },
      { VERTEXAI_API_KEY: 'k' },
    ).deployments
    expect(deployment?.credentials).toBeDefined()
    expect(deployment?.headers).toEqual([])
  })

  test('of the environment go to Google alone', () => {
    const elsewhere = { api_base: 'https://example.org/v1' }
    const [deployment] = made(elsewhere, { VERTEXAI_CREDENTIALS: account }).deployments
    expect(deployment?.credentials).toBeUndefined()
    expect(deployment?.headers).toEqual([])
  })

  test('that change leave a deployment the one it was', () => {
    const other = account.replace('robot@', 'other@')
    const [one] = made({ vertex_credentials: account }).deployments
    const [two] = made({ vertex_credentials: other }).deployments
    expect(one?.id).toBe(two?.id)
  })

  test.each([
    [{ vertex_credentials: '/none.json' }, /path of a file that can be read/],
    [{ vertex_credentials: '{"type":"external_account"}' }, /found external_account/],
    [{}, /api_key: none given/],
  ])('%j is a fault that says what was expected', (params, message) => {
    const { deployments, faults } = made(params)
    expect(deployments).toEqual([])
    expect(faults[0]?.message).toMatch(message)
  })
})

test('a token that somebody fetched goes as a token', () => {
  const [deployment] = made({ api_key: 'ya29.abc' }).deployments
  expect(deployment?.headers).toEqual(['authorization', 'Bearer ya29.abc'])
})
