import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { readPlatform } from '../../modules/platform.ts'
import { readModule, renderConfig } from '../../modules/read-module.ts'

/** Text that looks like YAML often enough to get past the parser. */
const yamlish = fc
  .array(
    fc.tuple(
      fc.constantFrom('', '  ', '    ', '\t', '- ', '  - '),
      fc.constantFrom(
        'model_list',
        'deploy',
        'endpoints',
        'model_name',
        'litellm_params',
        'model',
        '<<',
        '__proto__',
        'constructor',
        'a',
      ),
      fc.constantFrom(': ', ':', ' ', ': &x ', ': *x ', ': !t '),
      fc.constantFrom(
        '',
        'null',
        '[]',
        '{}',
        '[*x]',
        '${A',
        '${A:-${B}}',
        '|',
        '>',
        '"',
        "'",
        '~',
        '.inf',
        '-1',
        'os.environ/',
        '---',
        '%',
        '@',
        '\0',
      ),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.map((part) => part.join('')).join('\n'))

const anyKeys = fc.constantFrom(
  'model_list',
  'deploy',
  'endpoints',
  'fleet',
  'module',
  'router_settings',
  'litellm_settings',
  'general_settings',
  'environment_variables',
  'credential_list',
  'model_name',
  'litellm_params',
  'model_info',
  'model',
  'api_key',
  'extra_headers',
  'model_group_alias',
  'resources',
  'requests',
  'replicas',
  'timeout',
  'litellm_credential_name',
  'quota',
  'queue',
  'fallbacks',
  'default_fallbacks',
  'retry_policy',
  'model_group_retry_policy',
  'optional_pre_call_checks',
)

/** Documents whose keys are right and whose values are anything. */
const { document } = fc.letrec<{ document: unknown; value: unknown }>((tie) => ({
  document: fc.dictionary(anyKeys, tie('value'), { maxKeys: 6 }),
  value: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.constantFrom(null, true, 0, -1, 1.5, 'a', '', '${X}', '${X:-y}', '$${X}', 'os.environ/X'),
    fc.string(),
    tie('document'),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
}))

function readBoth(text: string): void {
  for (const environment of [undefined, () => undefined, () => 'value']) {
    const { module, faults, deploy } = readModule(text, {
      file: 'f',
      ...(environment ? { environment } : {}),
    })
    const isUnusable = faults.some(
      ({ severity, modelIndex }) => severity === 'error' && modelIndex === undefined,
    )
    expect(module === undefined).toBe(isUnusable)
    expect(faults.every(({ line, column }) => line >= 1 && column >= 1)).toBe(true)
    expect(deploy.resources).toBeDefined()
  }
  readPlatform(text)
}

test('no text makes the readers throw', () => {
  fc.assert(fc.property(fc.oneof(yamlish, fc.string({ unit: 'binary' })), readBoth), {
    numRuns: 200,
  })
})

test('no document makes the readers throw', () => {
  fc.assert(
    fc.property(document, (value) => readBoth(stringify(value))),
    { numRuns: 200 },
  )
})

const text = `
model_list:
  - model_name: a
    litellm_params:
      model: openai/\${A}
      extra_body: {one: "\${A}", two: ["x\${A:-d}y"], three: os.environ/A}
`

test('what a variable holds stays one string in its place', () => {
  const value = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1 }),
    fc.constantFrom(
      '{a: 1}',
      '- b',
      'x: y',
      '"',
      '\n  api_key: stolen',
      '${B}',
      'os.environ/B',
      '*a',
      'null',
      '1',
    ),
  )
  fc.assert(
    fc.property(value, (held) => {
      const environment = (name: string) => (name === 'A' ? held : 'never')
      const params = readModule(text, { file: 'f', environment }).module?.models[0]?.params
      expect(params?.extraBody).toEqual({ one: held, two: [`x${held}y`], three: held })
      expect(params?.model).toBe(`openai/${held}`.trim())
      expect(Object.keys(params ?? {}).sort()).toEqual([
        'additionalDropParams',
        'defaults',
        'extraBody',
        'extraHeaders',
        'model',
      ])
    }),
    { numRuns: 200 },
  )
})

test('a rendered document reads as the module it was made from', () => {
  const scalar = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constantFrom('yes', '1.0', '0x1', '~', '1e3', '#', ': ', '- a', 'a\nb\n', ' a '),
  )
  const info = fc.dictionary(fc.string({ minLength: 1 }), scalar)
  fc.assert(
    fc.property(info, fc.string({ minLength: 1 }), (modelInfo, name) => {
      const source = stringify({
        model_list: [
          { model_name: name, litellm_params: { model: 'openai/a' }, model_info: modelInfo },
        ],
      })
      const before = readModule(source, { file: 'f', name: 'm', areSecretsRefused: false })
      if (!before.module) return
      const { endpoints } = before.module
      const rendered = renderConfig(source, { name: 'm', endpoints, fleet: [] })
      expect(readModule(rendered, { file: 'f', areSecretsRefused: false }).module).toEqual(
        before.module,
      )
    }),
    { numRuns: 150 },
  )
})
