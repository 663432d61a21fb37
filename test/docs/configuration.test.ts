import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { deploySchema } from '../../modules/deploy-schema.ts'
import { endpointNames } from '../../modules/endpoints.ts'
import { failureClasses } from '../../modules/failure-policies.ts'
import { quotaSchema } from '../../modules/limit-schema.ts'
import { paramsSchema } from '../../modules/params-schema.ts'
import { platformSchema } from '../../modules/platform-schema.ts'
import { pricesSchema } from '../../modules/prices-schema.ts'
import { readModule } from '../../modules/read-module.ts'
import { routerSchema } from '../../modules/router-schema.ts'
import {
  credentialSchema,
  fleetMemberSchema,
  generalSchema,
  litellmSchema,
  modelSchema,
  moduleSchema,
} from '../../modules/schema.ts'
import { isObject } from '../../modules/json-object.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/configuration.md'), 'utf8')

const sections: Record<string, unknown> = {
  'Top of the file': shallow(moduleSchema),
  '`fleet[]`': fleetMemberSchema,
  '`deploy`': deploySchema,
  '`prices`': pricesSchema,
  '`model_list[]`': shallow(modelSchema),
  '`model_list[].litellm_params`': paramsSchema,
  '`quota`': quotaSchema,
  '`credential_list[]`': credentialSchema,
  '`router_settings`': routerSchema,
  '`litellm_settings`': litellmSchema,
  '`general_settings`': generalSchema,
  '`platform.yaml`': platformSchema,
}

/** The keys of a block whose inner blocks have sections of their own. */
function shallow(schema: { readonly properties: object }): unknown {
  return { properties: Object.fromEntries(Object.keys(schema.properties).map((key) => [key, {}])) }
}

const policies = ['retry_policy', 'allowed_fails_policy']

/** Every key below a schema, dotted, with its default. The page tells of policies apart. */
function keysOf(schema: unknown, prefix = ''): [string, unknown][] {
  if (!isObject(schema) || !isObject(schema['properties'])) return []
  if (policies.includes(String(schema['block']))) return []
  return Object.entries(schema['properties']).flatMap(([key, inner]) => [
    [`${prefix}${key}`, isObject(inner) ? inner['default'] : undefined] as [string, unknown],
    ...keysOf(inner, `${prefix}${key}.`),
  ])
}

/** Rows of the table below a heading: key and default as written. */
function rowsOf(heading: string): [string, string][] {
  const body = page.split(/^#+ /m).find((section) => section.startsWith(`${heading}\n`)) ?? ''
  return [...body.matchAll(/^\| `([^`]+)` \| [^|]* \| ([^|]*) \|/gm)].map(
    ([, key = '', written = '']) => [key, written.trim()],
  )
}

describe.each(Object.entries(sections))('%s', (heading, schema) => {
  const keys = keysOf(schema)
  const rows = rowsOf(heading)

  test('has a row for every key of the schema, and for no other', () => {
    expect(rows.map(([key]) => key).sort()).toEqual(keys.map(([key]) => key).sort())
  })

  test('gives the defaults of the schema', () => {
    const documented = new Map(rows)
    for (const [key, value] of keys) {
      const written = documented.get(key) ?? ''
      if (value === undefined) expect(written, key).not.toMatch(/^`/)
      else expect(parse(written.replaceAll('`', '')), key).toEqual(value)
    }
  })
})

test('no table of keys stands outside these sections', () => {
  const rows = [...page.matchAll(/^\| `[^`]+` \| [^|]* \| [^|]* \|/gm)]
  const known = Object.keys(sections).flatMap((heading) => rowsOf(heading))
  expect(rows).toHaveLength(known.length)
})

test('names every class of failure', () => {
  const [, after = ''] = page.split('\n#### Policies\n')
  const [list = ''] = after.split(' with `Retries` behind')
  expect([...list.matchAll(/`([^`]+)`/g)].map(([, name]) => name)).toEqual([...failureClasses])
})

test('names every endpoint', () => {
  const [, after = ''] = page.split('\nEndpoints: ')
  const [list = ''] = after.split('.\n')
  expect([...list.matchAll(/`([^`]+)`/g)].map(([, name]) => name)).toEqual([...endpointNames])
})

test('its example is a module without a fault', () => {
  const [, example = ''] = /```yaml\n([^]*?)```/.exec(page) ?? []
  const { module, faults } = readModule(example, { file: 'example', name: 'example' })
  expect(faults).toEqual([])
  expect(module?.models).toHaveLength(1)
})

test('the defaults it gives are those a module gets', () => {
  const text = 'model_list: [{model_name: a, litellm_params: {model: openai/a}}]\n'
  const { module, deploy } = readModule(text, { file: 'a', name: 'a' })
  expect(module?.router).toMatchObject({
    numRetries: 2,
    retryAfterMs: 0,
    timeoutMs: 600_000,
    connectTimeoutMs: 5000,
    maxFallbacks: 5,
    isTagMatchAny: true,
  })
  expect(module?.general).toMatchObject({
    maxRequestBytes: 32 * 2 ** 20,
    maxUploadBytes: 512 * 2 ** 20,
  })
  expect(deploy).toMatchObject({
    replicas: 1,
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
  })
})
