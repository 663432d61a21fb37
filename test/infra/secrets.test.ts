import { describe, expect, test } from 'vitest'
import { readFleet } from '../../infra/fleet.ts'
import { renderSecrets } from '../../infra/secrets.ts'
import { toManifest, writeFleet } from './fleet-folder.ts'

const module = [
  'deploy: {secrets: [EXTRA_TOKEN]}',
  'model_list:',
  '  - model_name: a',
  '    litellm_params: {model: openai/a, api_key: os.environ/OPENAI_API_KEY, api_base: "${URL:-http://x}"}',
].join('\n')

const values = {
  IMAGE_GEN_MASTER_KEY: 'sk-one,sk-two',
  IMAGE_GEN_DATABASE_PASSWORD: 'p@ss/w#rd',
  SALT_KEY: 'salt',
  POSTGRES_PASSWORD: 'super',
  OPENAI_API_KEY: 'key of the vendor',
  EXTRA_TOKEN: 'extra',
  URL: '',
  NOT_NAMED: 'elsewhere',
}

function render(platform: string, more: Record<string, string> = {}) {
  const fleet = readFleet(
    writeFleet({ 'modules/image-gen.yaml': module, 'platform.yaml': platform }),
  )
  const files = renderSecrets(fleet, { ...values, ...more })
  const open = (name: string) => {
    const { data } = toManifest(name, files.get(`${name}.yaml`) ?? '')
    return Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
    )
  }
  return { files, open }
}

describe('a module’s Secret', () => {
  test('holds its keys, its database and the variables its file names, where they have a value', () => {
    expect(render('').open('image-gen-keys')).toEqual({
      LITELLM_MASTER_KEY: 'sk-one,sk-two',
      SALT_KEY: 'salt',
      DATABASE_URL: 'postgres://image-gen:p%40ss%2Fw%23rd@postgres:5432/colonnade',
      OPENAI_API_KEY: 'key of the vendor',
      EXTRA_TOKEN: 'extra',
    })
  })

  test('leads to the database of the operator where Postgres is not ours', () => {
    const external = 'postgres: {mode: external}'
    const shared = { DATABASE_URL: 'postgres://all' }
    expect(render(external).open('image-gen-keys')).not.toHaveProperty('DATABASE_URL')
    expect(render(external, shared).open('image-gen-keys')['DATABASE_URL']).toBe('postgres://all')
    const own = { ...shared, IMAGE_GEN_DATABASE_URL: 'postgres://own' }
    expect(render(external, own).open('image-gen-keys')['DATABASE_URL']).toBe('postgres://own')
    expect([...render(external).files.keys()]).toEqual([
      'image-gen-keys.yaml',
      'kustomization.yaml',
    ])
  })
})

test('Postgres gets its own password, and the role and password of each module', () => {
  expect(render('').open('postgres')).toEqual({ POSTGRES_PASSWORD: 'super' })
  expect(render('').open('postgres-roles')).toEqual({ 'image-gen': 'p@ss/w#rd' })
})

describe('with CloudNativePG', () => {
  test('each module has a role of its own, and connects to the server that writes', () => {
    const { open, files } = render('postgres: {mode: cnpg}')
    expect(open('image-gen-keys')['DATABASE_URL']).toContain('@postgres-rw:5432/colonnade')
    expect(open('postgres-role-image-gen')).toEqual({
      username: 'image-gen',
      password: 'p@ss/w#rd',
    })
    expect(files.get('postgres-role-image-gen.yaml')).toContain('type: kubernetes.io/basic-auth')
    expect(files.has('postgres.yaml')).toBe(false)
  })

  test('or to the pooler, where there is one', () => {
    const { open } = render('postgres: {mode: cnpg, pooler: 2}')
    expect(open('image-gen-keys')['DATABASE_URL']).toContain('@postgres-pooler:5432/colonnade')
  })
})

describe('where others make the Secrets', () => {
  test.each(['secrets: {mode: existing}', 'secrets: {mode: external, store: vault}'])(
    'there is none of ours: %s',
    (platform) => {
      expect([...render(platform).files.keys()]).toEqual(['kustomization.yaml'])
    },
  )

  test('the address of a database that has a Secret is not asked for, nor written twice', () => {
    const platform = 'postgres: {mode: external, secret: database}'
    const shared = { DATABASE_URL: 'postgres://all' }
    expect(render(platform, shared).open('image-gen-keys')).not.toHaveProperty('DATABASE_URL')
  })
})
