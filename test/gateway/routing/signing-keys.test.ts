import { describe, expect, test } from 'vitest'

import { createOpenAiCompatible } from '../../../gateway/providers/openai-compatible.ts'
import type { Provider } from '../../../gateway/providers/provider.ts'
import { findSigningKeys } from '../../../gateway/routing/signing-keys.ts'
import type { DeploymentParams } from '../../../modules/module.ts'

const plain = createOpenAiCompatible('plain', {})
const provider: Provider = {
  ...plain,
  keyVariables: ['SHOWN'],
  signing: {
    names: { accessKeyId: 'own_id', secretAccessKey: 'own_secret', sessionToken: 'own_token' },
    variables: { accessKeyId: ['ID'], secretAccessKey: ['SECRET'], sessionToken: ['TOKEN'] },
    advice: 'Set them',
    create: () => () => Promise.resolve([]),
  },
}

function find(own: Partial<DeploymentParams>, environment: Record<string, string>, by = provider) {
  const params = {
    model: 'm',
    additionalDropParams: [],
    extraHeaders: {},
    extraBody: {},
    defaults: {},
    ...own,
  }
  return findSigningKeys(params, by, { findVariable: (name) => environment[name] })
}

const pair = { accessKeyId: 'id', secretAccessKey: 'secret' }
const environment = { ID: 'their-id', SECRET: 'their-secret', TOKEN: 'their-token' }

describe('the keys that sign', () => {
  test("are the deployment's own, never mixed with the environment's", () => {
    expect(find({ signingKeys: pair }, { ...environment, SHOWN: 'key' })).toEqual(pair)
    expect(find({ signingKeys: { accessKeyId: 'id' } }, environment)).toEqual({
      fault: 'own_secret: none given, and own_id needs it',
    })
    expect(find({ signingKeys: { secretAccessKey: 's' } }, environment)).toEqual({
      fault: 'own_id: none given, and own_secret needs it',
    })
  })

  test("are the environment's where a deployment names none", () => {
    const whole = { accessKeyId: 'their-id', secretAccessKey: 'their-secret' }
    expect(find({}, environment)).toEqual({ ...whole, sessionToken: 'their-token' })
    expect(find({}, { ID: 'their-id', SECRET: 'their-secret' })).toEqual(whole)
    expect(find({}, { ID: 'their-id' })).toEqual({ fault: 'SECRET: none given, and ID needs it' })
  })

  test('are not looked for where a key is shown, which goes to the vendor alone', () => {
    expect(find({ apiKey: 'k' }, environment)).toBeUndefined()
    expect(find({}, { ...environment, SHOWN: 'key' })).toBeUndefined()
    const elsewhere = { apiBase: 'https://vpce.example' }
    expect(find(elsewhere, { ...environment, SHOWN: 'key' })).toMatchObject({
      accessKeyId: 'their-id',
    })
  })

  test('may be missing', () => {
    expect(find({}, {})).toBeUndefined()
    expect(find({}, environment, plain)).toBeUndefined()
  })

  test('hold nothing that no header may carry', () => {
    const broken = { accessKeyId: 'id', secretAccessKey: 'two\nlines' }
    expect(find({ signingKeys: broken }, {})).toEqual({
      fault: expect.stringMatching(/no header may carry/),
    })
  })
})
