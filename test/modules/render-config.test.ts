import { expect, test } from 'vitest'
import { readModule, renderConfig } from '../../modules/read-module.ts'

const text = [
  '# a comment',
  'endpoints: [messages]',
  'deploy: {replicas: 3, secrets: [A]}',
  'router_settings: {num_retries: 1}',
  'model_list:',
  '  - model_name: "007" # quoted',
  '    litellm_params: {model: "openai/${MODEL}", api_base: "${BASE:-http://a/v1}", extra_body: {yes: "no", n: null, s: "1.0"}}',
].join('\n')

const extra = {
  name: 'llm',
  endpoints: ['chat-completions'],
  fleet: [{ module: 'audio', port: 30_300, endpoints: ['audio-speech'] }],
} as const

test('the document holds name, endpoints and neighbours, and neither deploy nor comments', () => {
  expect(renderConfig(text, extra)).toBe(`module: llm
endpoints:
  - chat-completions
fleet:
  - module: audio
    port: 30300
    endpoints:
      - audio-speech
router_settings:
  num_retries: 1
model_list:
  - model_name: "007"
    litellm_params:
      model: openai/\${MODEL}
      api_base: \${BASE:-http://a/v1}
      extra_body:
        yes: no
        n: null
        s: "1.0"
`)
})

test('it reads as the same module, and renders to the same bytes again', () => {
  const rendered = renderConfig(text, extra)
  const { module } = readModule(text, { file: 'a', name: 'llm' })
  const again = readModule(rendered, { file: 'b' })
  expect(again.faults).toEqual([])
  expect(again.module).toEqual({ ...module, endpoints: extra.endpoints, fleet: extra.fleet })
  expect(renderConfig(rendered, extra)).toBe(rendered)
})

test('a long line is not folded and an anchor is unfolded', () => {
  const long = 'word '.repeat(60).trim()
  const source = `x-a: &a {description: "${long}"}\nmodel_list:\n  - {model_name: a, litellm_params: {model: openai/a}, model_info: *a}\n`
  const rendered = renderConfig(source, extra)
  expect(rendered).not.toMatch(/[&*]a/)
  expect(rendered.match(new RegExp(`description: ${long}\n`, 'g'))).toHaveLength(2)
})

test('text that is not readable is refused by name', () => {
  expect(() => renderConfig('a: 1\na: 2\n', extra)).toThrow('module llm')
})

test('what readModule read renders like its text', () => {
  const { document } = readModule(text, { file: 'a', name: 'llm' })
  expect(document && renderConfig(document, extra)).toBe(renderConfig(text, extra))
})
