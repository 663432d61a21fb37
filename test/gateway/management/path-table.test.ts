import { expect, test } from 'vitest'

import { PathTable } from '../../../gateway/management/path-table.ts'

const table = new PathTable()
table.add('GET /key/info', 'GET /key/info')
table.add('POST /end_user/new', 'POST /customer/new')
table.add('POST /key/:key/regenerate', 'POST /key/:key/regenerate')

test.each([
  ['GET', '/key/info', { name: 'GET /key/info', params: {} }],
  ['POST', '/end_user/new', { name: 'POST /customer/new', params: {} }],
  ['POST', '/key/a%2Fb/regenerate', { name: 'POST /key/:key/regenerate', params: { key: 'a/b' } }],
])('%s %s is found', (method, path, found) => {
  expect(table.find(method, path)).toEqual(found)
})

test.each([
  ['POST', '/key/info'],
  ['GET', '/key/info/'],
  ['GET', '/constructor'],
  ['POST', '/key//regenerate'],
  ['POST', '/key/a/b/regenerate'],
  ['POST', '/key/%ff/regenerate'],
  ['POST', `/key/${'a'.repeat(600)}/regenerate`],
])('%s %s is none of them', (method, path) => {
  expect(table.find(method, path)).toBeUndefined()
})
