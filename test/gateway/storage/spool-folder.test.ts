import { mkdtemp, mkdir, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ownMark } from '../../../gateway/storage/process-mark.ts'
import { adoptFolders, createSpoolFolder } from '../../../gateway/storage/spool-folder.ts'

let spoolDir = ''
let own = ''

beforeEach(async () => {
  spoolDir = await mkdtemp(path.join(tmpdir(), 'colonnade-spool-folder-'))
  own = createSpoolFolder(spoolDir)
})
afterEach(() => rm(spoolDir, { recursive: true, force: true }))

async function leave(name: string, owner: object | undefined, lastBeatMsAgo = 0): Promise<void> {
  const folder = path.join(spoolDir, name)
  await mkdir(folder, { recursive: true })
  await writeFile(path.join(folder, '00000001.jsonl'), '{}\n')
  if (!owner) return
  const file = path.join(folder, 'owner.json')
  await writeFile(file, JSON.stringify(owner))
  const beat = new Date(Date.now() - lastBeatMsAgo)
  await utimes(file, beat, beat)
}

const adopted = async () => (await adoptFolders(spoolDir, own)).segments.length

test('a living worker of this host keeps its rows, however long it was silent', async () => {
  await leave('worker-living', ownMark(), 3_600_000)
  expect(await adopted()).toBe(0)
})

test('a dead worker leaves its rows, even where another process has its number now', async () => {
  await leave('worker-dead', { ...ownMark(), started: 'another time' })
  expect(await adopted()).toBe(1)
})

test('a worker of another host leaves its rows only when it has gone silent', async () => {
  await leave('worker-elsewhere', { ...ownMark(), host: `not-${hostname()}` })
  expect(await adopted()).toBe(0)
  await leave('worker-elsewhere', { ...ownMark(), host: `not-${hostname()}` }, 61_000)
  expect(await adopted()).toBe(1)
})

test('a worker that left in good order leaves its rows at once', async () => {
  await leave('worker-gone', undefined)
  expect(await adopted()).toBe(1)
})

test('what a dead worker had itself taken over is not lost, and names do not collide', async () => {
  await leave('worker-a', undefined)
  await leave('worker-a/worker-b', undefined)
  await leave('worker-a/worker-c', undefined)
  expect(await adopted()).toBe(3)
  const files = (await readdir(own, { recursive: true })).filter((name) => name.endsWith('.jsonl'))
  expect(new Set(files.map((file) => path.basename(file))).size).toBe(3)
  expect(await adopted(), 'and is not counted twice').toBe(0)
})

test('only folders of workers are looked at', async () => {
  await leave('config', undefined)
  expect(await adopted()).toBe(0)
  expect((await readdir(spoolDir)).sort()).toEqual(['config', path.basename(own)])
})
