import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'

import { createDeployments } from '../../../gateway/routing/create-deployments.ts'
import { readModule } from '../../../modules/read-module.ts'

const pair = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' }
const nova = 'amazon.nova-lite-v1:0'

function made(params: Record<string, string>, environment: Record<string, string> = pair) {
  const entry = { model_name: 'a', litellm_params: { model: `bedrock/${nova}`, ...params } }
  const text = stringify({ model_list: [entry] })
  const { module, faults } = readModule(text, {
    file: 'f',
    name: 'm',
    environment: (name) => environment[name],
  })
  if (!module) throw new Error('not read')
  const { deployments, faults: others } = createDeployments(module, {
    findVariable: (name) => environment[name],
  })
  const messages = [...faults, ...others].map(({ message }) => message)
  return { deployment: deployments[0], messages }
}

describe('a deployment at AWS', () => {
  test.each<[Record<string, string>, Record<string, string>, string]>([
    [{}, pair, 'us-west-2'],
    [{}, { ...pair, AWS_DEFAULT_REGION: 'eu-north-1' }, 'eu-north-1'],
    [{}, { ...pair, AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'eu-north-1' }, 'eu-west-1'],
    [{}, { ...pair, AWS_REGION_NAME: 'eu-west-2', AWS_REGION: 'eu-west-1' }, 'eu-west-2'],
    [{ model: `bedrock/us-east-1/${nova}` }, { ...pair, AWS_REGION: 'eu-west-1' }, 'us-east-1'],
    [{ model: `bedrock/us-east-1/${nova}`, aws_region_name: 'ca-central-1' }, pair, 'ca-central-1'],
  ])('%j with %j is called in its region', (params, environment, region) => {
    const { deployment } = made(params, environment)
    expect(deployment?.origin).toBe(`https://bedrock-runtime.${region}.amazonaws.com`)
    expect(deployment?.target.model).toBe(nova)
    expect(deployment?.sign).toBeDefined()
  })

  test.each([
    [{ api_base: 'https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com/model/' }],
    [
      {
        aws_bedrock_runtime_endpoint: 'https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com',
      },
    ],
  ])('%j is called there', (params) => {
    const { deployment } = made(params)
    expect(deployment?.origin).toBe('https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com')
    expect(deployment?.basePath).toBe('')
    expect(deployment?.sign).toBeDefined()
  })

  test('shows a key of its own, or the one of the environment, and then signs nothing', () => {
    const token = { ...pair, AWS_BEARER_TOKEN_BEDROCK: 'token' }
    const environments = made({}, token).deployment
    expect(environments?.headers).toEqual(['authorization', 'Bearer token'])
    expect(environments?.sign).toBeUndefined()
    expect(made({ api_key: 'own' }, token).deployment?.headers).toEqual([
      'authorization',
      'Bearer own',
    ])
  })

  test('signs with its own pair though the environment has a key to show', () => {
    const own = { aws_access_key_id: 'AKIDOWN', aws_secret_access_key: 'own-secret' }
    const { deployment } = made(own, { AWS_BEARER_TOKEN_BEDROCK: 'token' })
    expect(deployment?.headers).toEqual([])
    expect(deployment?.sign).toBeDefined()
    expect(deployment?.secrets).toEqual(expect.arrayContaining(['AKIDOWN', 'own-secret']))
  })

  test('keeps its id when its keys change', () => {
    const withKeys = (id: string) =>
      made({ aws_access_key_id: id, aws_secret_access_key: 's' }).deployment?.id
    expect(withKeys('AKIDONE')).toBe(withKeys('AKIDTWO'))
  })
})

describe('what is missing is named', () => {
  test('no keys at all', () => {
    expect(made({}, {}).messages).toEqual([
      expect.stringMatching(
        /AWS_BEARER_TOKEN_BEDROCK is not set, nor are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.*Profiles, roles/,
      ),
    ])
  })

  test('half a pair', () => {
    expect(made({ aws_access_key_id: 'AKIDOWN' }, {}).messages).toEqual([
      'aws_secret_access_key: none given, and aws_access_key_id needs it',
    ])
  })

  test.each([
    ['aws_profile_name', 'profiles are not read'],
    ['aws_role_name', 'roles are not assumed'],
    ['aws_web_identity_token', 'web identities are not exchanged'],
  ])('%s', (key, reason) => {
    const { deployment, messages } = made({ [key]: 'x' })
    expect(deployment).toBeUndefined()
    expect(messages).toEqual([
      `${reason}: set aws_access_key_id and aws_secret_access_key, with aws_session_token where they are lent, or a Bedrock API key as api_key`,
    ])
  })
})
