import { expect, test } from 'vitest'
import { withoutRoot } from '../../../gateway/endpoints/root-path.ts'

test.each([
  ['/llm/v1/models', '/v1/models'],
  ['/llm/v1/models?a=/llm', '/v1/models?a=/llm'],
  ['/llm', '/'],
  ['/llm/', '/'],
  ['/llm?a=1', '/?a=1'],
  ['/v1/models', '/v1/models'],
  ['/llms/v1/models', '/llms/v1/models'],
  ['/', '/'],
])('%s is asked as %s', (asked, found) => {
  expect(withoutRoot('/llm')({ url: asked })).toBe(found)
})
