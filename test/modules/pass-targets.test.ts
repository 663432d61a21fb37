import { expect, test } from 'vitest'

import { readModule } from '../../modules/read-module.ts'

const models = 'model_list: [{model_name: a, litellm_params: {model: openai/a}}]\n'

function read(entries: string, environment: Record<string, string> | undefined = { KEY: 'k-1' }) {
  const text = `${models}general_settings:\n  pass_through_endpoints: ${entries}\n`
  return readModule(text, {
    file: 'a.yaml',
    name: 'a',
    ...(environment && { environment: (name: string) => environment[name] }),
  })
}

test("LiteLLM's entries are read, a variable behind its scheme too", () => {
  const { module, faults } = read(
    '[{path: /v1/bria, target: "https://engine.example/v1?a=1", headers: {Authorization: "bearer os.environ/KEY", accept: x}, include_subpath: true, cost_per_request: 0.5, timeout: 3}, {path: /b, target: "http://b.lan"}]',
  )
  expect(faults).toEqual([])
  expect(module?.general.passTargets).toEqual([
    {
      path: '/v1/bria',
      target: 'https://engine.example/v1?a=1',
      headers: { authorization: 'bearer k-1', accept: 'x' },
      isWithSubpath: true,
      costPerRequest: 0.5,
      timeoutMs: 3000,
    },
    { path: '/b', target: 'http://b.lan', headers: {}, isWithSubpath: false },
  ])
})

test('one whose key is missing is left out and named; the others serve', () => {
  const { module, faults } = read(
    '[{path: /a, target: "http://a.lan", headers: {authorization: "Bearer os.environ/MISSING"}}, {path: /b, target: "http://b.lan"}]',
  )
  expect(module?.general.passTargets?.map(({ path }) => path)).toEqual(['/b'])
  expect(faults.map(({ severity, message }) => [severity, message])).toEqual([
    ['warning', '/a is left out: a header of it is missing'],
    ['warning', 'expected the variable MISSING to be set, found nothing'],
  ])
})

test.each([
  ['{path: a, target: "http://a.lan"}', 'path'],
  ['{path: /a/, target: "http://a.lan"}', 'path'],
  ['{path: /a/../b, target: "http://a.lan"}', 'path'],
  ['{path: "/*", target: "http://a.lan"}', 'path'],
  ['{path: /a, target: "ftp://a.lan"}', 'target'],
  ['{path: /a, target: "http://user:word@a.lan"}', 'target'],
  ['{path: /a}', 'target'],
])('%s is a fault of its %s', (entry, key) => {
  const { faults } = read(`[${entry}]`)
  expect(faults.some(({ path, message }) => `${path} ${message}`.includes(key))).toBe(true)
  expect(faults.every(({ severity }) => severity === 'error')).toBe(true)
})

test('a key without effect is a warning, and the variables are known', () => {
  const { faults, variables } = read(
    '[{path: /a, target: "http://a.lan", auth: true, headers: {authorization: "bearer os.environ/KEY"}}]',
  )
  expect(faults.map(({ message }) => message)).toEqual(['not acted on: a key is always asked for'])
  expect(variables).toContainEqual({
    name: 'KEY',
    hasDefault: false,
    path: 'general_settings.pass_through_endpoints[0].headers.authorization',
  })
})
