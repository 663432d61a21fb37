import { expect, test } from 'vitest'

import { ask } from '../../../gateway/storage/ask.ts'

/** A connection whose pool nobody speaks to, and how often it was suspected. */
function connection() {
  const pool = Object.create(null)
  return {
    pool,
    suspicions: 0,
    suspect() {
      this.suspicions += 1
    },
  }
}

const failWith = (code?: string) => () =>
  Promise.reject(Object.assign(new Error('it failed'), code === undefined ? {} : { code }))

test('a statement that the server ended is too much to ask, and says nothing about the connection', async () => {
  const here = connection()
  await expect(ask(here, 'away', failWith('57014'))).rejects.toMatchObject({
    code: 'storage_unavailable',
    message: expect.stringContaining('ask for less'),
  })
  expect(here.suspicions).toBe(0)
})

test('no answer at all is an outage, and the connection is looked at', async () => {
  const here = connection()
  await expect(ask(here, 'away', failWith())).rejects.toMatchObject({ message: 'away' })
  await expect(ask(here, 'away', failWith('57P01'))).rejects.toMatchObject({ message: 'away' })
  expect(here.suspicions).toBe(2)
})

test('a fault in a statement, or in its data, is not taken for an outage', async () => {
  const here = connection()
  for (const code of ['42601', '22003', '23505'])
    await expect(ask(here, 'away', failWith(code))).rejects.toMatchObject({ code })
  expect(here.suspicions).toBe(0)
})
