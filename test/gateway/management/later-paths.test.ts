import { expect, test } from 'vitest'

import { laterPaths } from '../../../gateway/management/later-paths.ts'
import { createHandlers } from '../../../gateway/management/routes.ts'
import { startManaged } from './managed-gateway.ts'

test('every path that is offered has an answer, and every answer a path', async () => {
  const gateway: object = { storage: { spend: {}, stored: {} } }
  const desk: object = {}
  const handlers = createHandlers(Object.create(gateway), Object.create(desk))
  expect([...handlers.keys()].sort()).toEqual([...laterPaths].sort())
})

test('each of them asks for a key', async () => {
  const managed = await startManaged()
  try {
    for (const name of laterPaths) {
      const [method = '', path = ''] = name.split(' ')
      const answer = await fetch(managed.gateway.url + path.replaceAll(/:\w+/g, 'x'), {
        method,
        ...(method !== 'GET' && { body: '{}', headers: { 'content-type': 'application/json' } }),
      })
      expect([name, answer.status]).toEqual([name, 401])
    }
  } finally {
    await managed.close()
  }
})
