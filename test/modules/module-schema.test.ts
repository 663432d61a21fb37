import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { moduleSchemaText } from '../../modules/module-schema.ts'

const modules = join(import.meta.dirname, '../../modules')
const configs = join(import.meta.dirname, '../fixtures/litellm-configs')
const isValid = new Ajv({ allowUnionTypes: true, strictTypes: false }).compile(
  JSON.parse(moduleSchemaText()),
)

test('module.schema.json is what schema.ts says (else: node modules/module-schema.ts --write)', () => {
  expect(readFileSync(join(modules, 'module.schema.json'), 'utf8')).toBe(moduleSchemaText())
})

describe('an editor', () => {
  const files = [modules, configs].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.yaml') && name !== 'hurried.yaml')
      .map((name) => join(folder, name)),
  )

  test.each(files)('has nothing against %s', (file) => {
    isValid(parse(readFileSync(file, 'utf8'), { merge: true }))
    expect(isValid.errors ?? []).toEqual([])
  })

  test.each([
    { deploy: { node_prot: 30_100 } },
    { deploy: { replicas: 'two' } },
    { endpoints: ['chat'] },
    { model_list: [{ model_name: 'a' }] },
    { model_list: [{ model_name: 'a', litellm_params: { model: 'openai/a', timeout: 'soon' } }] },
    { router_settings: { routing_strategy: 'fastest' } },
  ])('marks %j', (document) => {
    expect(isValid(document)).toBe(false)
  })

  test('takes a variable wherever the gateway fills one', () => {
    const params = {
      model: 'os.environ/MODEL',
      rpm: '${RPM}',
      timeout: 'os.environ/T',
      drop_params: '${DROP:-true}',
    }
    expect(isValid({ model_list: [{ model_name: 'a', litellm_params: params }] })).toBe(true)
  })
})
