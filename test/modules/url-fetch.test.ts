import { expect, test } from 'vitest'

import { readModule } from '../../modules/read-module.ts'

function read(block: string) {
  const text = `model_list: [{model_name: a, litellm_params: {model: openai/a}}]\ngeneral_settings:\n  url_fetch: ${block}\n`
  return readModule(text, { file: 'a.yaml', name: 'a' })
}

test('addresses, ranges and hosts are taken as they are', () => {
  const { module, faults } = read(
    '{allow_private: [10.0.0.0/8, 192.168.1.7, "fd00::/8", "::1", files.lan, "*.lan"], max_size_mb: 1, timeout: 2.5}',
  )
  expect(faults).toEqual([])
  expect(module?.general.urlFetch).toEqual({
    isEnabled: true,
    allowPrivate: ['10.0.0.0/8', '192.168.1.7', 'fd00::/8', '::1', 'files.lan', '*.lan'],
    maxBytes: 1024 * 1024,
    timeoutMs: 2500,
  })
})

test.each([
  ['10.0.0.0/33', 'a range too narrow for IPv4'],
  ['10.0.0.300', 'a number too large'],
  ['"fd00:::/8"', 'three colons'],
  ['"https://files.lan"', 'a whole address'],
  ['files.lan/8', 'a range of names'],
  ['"*"', 'everything'],
])('%s is a fault: %s', (entry) => {
  const { faults } = read(`{allow_private: [${entry}]}`)
  expect(faults).toHaveLength(1)
  expect(faults[0]).toMatchObject({
    severity: 'error',
    path: 'general_settings.url_fetch.allow_private[0]',
    line: 3,
  })
})
