import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { setUpStorage, untilConnected } from './set-up.ts'

const { given, open } = setUpStorage()

const image = { bytes: Buffer.from([137, 80, 78, 71, 0, 255]), contentType: 'image/png' }

test('images are found by every replica until their time is over', async () => {
  const [one, other] = [open(), open()]
  await Promise.all([untilConnected(one), untilConnected(other)])
  const id = await one.saveImage(image, 60_000)
  expect(id).toMatch(/^[\w-]{43}$/)
  expect(await other.findImage(id)).toEqual(image)
  expect(await other.findImage(`${id.slice(0, -1)}_`)).toBeUndefined()
  const shortLived = await one.saveImage(image, 1)
  await sleep(20)
  expect(await one.findImage(shortLived)).toBeUndefined()
  expect(await other.findImage(shortLived)).toBeUndefined()
})

test('images are kept by id hashes, so that the table gives no access', async () => {
  const storage = open()
  await untilConnected(storage)
  const id = await storage.saveImage(image, 60_000)
  const [row] = await given('database').query(
    'select image_files::text as all from colonnade.image_files',
  )
  expect(String(row?.['all'])).not.toContain(Buffer.from(id).toString('hex'))
})

test('images are served from memory while Postgres is away', async () => {
  const storage = open()
  await untilConnected(storage)
  const before = await storage.saveImage(image, 60_000)
  await given('postgres').stop()
  const during = await storage.saveImage(image, 60_000)
  expect(await storage.findImage(before)).toEqual(image)
  expect(await storage.findImage(during)).toEqual(image)
})

test('images without a database live in this process, within a bound', async () => {
  let now = 1000
  const storage = open({ databaseUrl: () => undefined, now: () => now })
  const large = { bytes: Buffer.alloc(30 * 1024 * 1024), contentType: 'image/png' }
  const ids = []
  for (let i = 0; i < 3; i += 1) ids.push(await storage.saveImage(large, 60_000))
  const found = await Promise.all(ids.map((id) => storage.findImage(id)))
  expect(found.map((one) => one !== undefined)).toEqual([false, true, true])
  now += 60_000
  expect(await storage.findImage(ids[2] ?? '')).toBeUndefined()
  const huge = { bytes: Buffer.alloc(65 * 1024 * 1024), contentType: 'image/png' }
  await expect(storage.saveImage(huge, 1000)).rejects.toMatchObject({
    code: 'storage_unavailable',
  })
})
