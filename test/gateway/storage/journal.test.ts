import { mkdirSync, writeFileSync } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import type { CallerHold } from '../../../gateway/limits/caller-gate.ts'
import type { HeldWindow } from '../../../gateway/limits/counter.ts'
import { adoptJournal, settlementSuffix } from '../../../gateway/storage/adopt-journal.ts'
import { Journal, type JournalOptions } from '../../../gateway/storage/journal.ts'
import { readJournal } from '../../../gateway/storage/read-journal.ts'
import { toLine } from '../../../gateway/storage/spend-logs.ts'
import { adoptFolders, createSpoolFolder } from '../../../gateway/storage/spool-folder.ts'
import { createLogRecorder } from './log-recorder.ts'
import { usageRow } from './usage-rows.ts'

const money: HeldWindow = { key: 'caller:key:a:nano ever', startMs: 0, amount: 9000, shape: {} }
const rate: HeldWindow = {
  key: 'caller:key:a:requests rolling',
  startMs: 0,
  amount: 60,
  shape: { stepMs: 1000, keptMs: 60_000 },
}
const bucket = Math.floor(Date.now() / 1000) * 1000

let spoolDir = ''
let log = createLogRecorder()
const rows = { recorded: 0, safe: 0, isStuck: false }
const journals: Journal[] = []

beforeEach(async () => {
  spoolDir = await mkdtemp(path.join(tmpdir(), 'colonnade-journal-'))
  log = createLogRecorder()
  Object.assign(rows, { recorded: 0, safe: 0, isStuck: false })
})
afterEach(async () => {
  for (const journal of journals.splice(0)) await journal.close(false)
  await rm(spoolDir, { recursive: true, force: true })
})

function createJournal(changes: Partial<JournalOptions> = {}): Journal {
  const options = { spoolDir, owner: 'me', isWanted: () => true, rows: () => rows, log, ...changes }
  const journal = new Journal(options)
  journals.push(journal)
  return journal
}

function hold(window: HeldWindow, amount: number, unit: CallerHold['unit']): CallerHold {
  const { key, startMs: startsAtMs } = window
  const bucketAtMs = window === rate ? bucket : startsAtMs
  return { key, startsAtMs, bucketAtMs, amount, window, unit }
}

/** A request that holds so much money. */
function begin(journal: Journal, nano: number) {
  const row = usageRow({ outcome: 'process_killed', costNano: nano })
  const open = journal.open([hold(rate, 1, 'requests'), hold(money, nano, 'nano')], [1, nano], row)
  return {
    open,
    row,
    end(used: number) {
      open?.end([1, used], toLine({ ...row, outcome: 'ok', costNano: used }))
      rows.recorded += 1
    },
  }
}

async function segments(): Promise<string[]> {
  const names = await readdir(spoolDir, { recursive: true })
  const files = names.filter((name) => name.endsWith('.journal')).toSorted()
  return Promise.all(files.map((name) => readFile(path.join(spoolDir, name), 'utf8')))
}

async function remains() {
  const found = readJournal(await segments())
  const costs = found?.rows.map((line) => {
    const row: { outcome: string; cost_nano: number } = JSON.parse(line)
    return [row.outcome, row.cost_nano] as const
  })
  const used = Object.fromEntries(found?.windows.map(({ key, used: all }) => [key, all]) ?? [])
  return { ...found, costs, used }
}

test('what was settled and what was under way is found, each charged once', async () => {
  const journal = createJournal()
  begin(journal, 400).end(150)
  begin(journal, 300)
  journal.flush()
  expect(await remains()).toMatchObject({
    owner: 'me',
    killed: 1,
    unreadable: 0,
    costs: [
      ['ok', 150],
      ['process_killed', 300],
    ],
    used: { [money.key]: [[0, 450]], [rate.key]: [[bucket, 2]] },
  })
})

test('what more is held for a further attempt counts instead', async () => {
  const journal = createJournal()
  const { open, row } = begin(journal, 300)
  const holds = [hold(rate, 1, 'requests'), hold(money, 300, 'nano'), hold(money, 200, 'nano')]
  open?.change(holds, [1, 300, 200], { ...row, costNano: 500 })
  expect(await remains()).toMatchObject({
    costs: [['process_killed', 500]],
    used: { [money.key]: [[0, 500]] },
  })
  open?.end([1, 300, 50], undefined)
  journal.flush()
  expect(await remains()).toMatchObject({ costs: [], used: { [money.key]: [[0, 350]] } })
})

test('cut at any byte, it says what was true at some moment before', async () => {
  const journal = createJournal()
  begin(journal, 400).end(150)
  begin(journal, 300).end(20)
  journal.flush()
  begin(journal, 100).end(7)
  journal.flush()
  const [text = ''] = await segments()
  const bytes = Buffer.from(text)
  let last = 0
  for (let length = 0; length <= bytes.length; length += 1) {
    const found = readJournal([bytes.subarray(0, length).toString()])
    expect(found?.unreadable ?? 0).toBe(0)
    const total = found?.windows.find(({ key }) => key === money.key)?.used[0]?.[1] ?? 0
    const told = (found?.rows ?? []).map((line) => {
      const row: { cost_nano: number } = JSON.parse(line)
      return row.cost_nano
    })
    expect(told.reduce((sum, cost) => sum + cost, 0)).toBe(total)
    last = total
  }
  expect(last).toBe(177)
})

test('segments follow each other, and go when their rows are kept elsewhere', async () => {
  const journal = createJournal({ segmentBytes: 4000 })
  const long = begin(journal, 1000)
  for (let i = 0; i < 100; i += 1) begin(journal, 10).end(3)
  journal.flush()
  expect((await segments()).length).toBeGreaterThan(5)
  expect(await remains()).toMatchObject({ killed: 1, used: { [money.key]: [[0, 1300]] } })
  expect((await remains()).rows).toHaveLength(101)

  rows.safe = rows.recorded
  await journal.tend()
  expect(await segments()).toHaveLength(1)
  expect(await remains()).toMatchObject({ killed: 1, used: { [money.key]: [[0, 1300]] } })
  long.end(500)
  journal.flush()
  expect(await remains()).toMatchObject({ killed: 0, used: { [money.key]: [[0, 800]] } })
})

test('a segment that was not begun to its end tells nothing', async () => {
  const journal = createJournal({ segmentBytes: 2000 })
  for (let i = 0; i < 12; i += 1) begin(journal, 10).end(3)
  begin(journal, 50)
  journal.flush()
  const all = await segments()
  const [first = '', second = ''] = all
  expect(all.length).toBeGreaterThan(1)
  const begunTo = second.indexOf('["S"]')
  const whole = readJournal([first])
  expect(readJournal([first, second.slice(0, begunTo)])).toEqual(whole)
  expect(readJournal([second.slice(0, begunTo)])).toBeUndefined()
})

test('a window that is over is forgotten', async () => {
  const over: HeldWindow = {
    ...money,
    key: 'over',
    startMs: 1000,
    shape: { endsAtMs: Date.now() - 4 * 3_600_000 },
  }
  const journal = createJournal({ segmentBytes: 1000 })
  journal.open([hold(over, 5, 'nano')], [5], usageRow())?.end([5], undefined)
  for (let i = 0; i < 10; i += 1) begin(journal, 10).end(3)
  rows.safe = rows.recorded
  await journal.tend()
  journal.flush()
  expect(Object.keys((await remains()).used)).not.toContain('over')
})

describe('requests are refused', () => {
  test('where no row can be kept', () => {
    const journal = createJournal()
    rows.isStuck = true
    expect(() => begin(journal, 1)).toThrow(/cannot be written down: no row of usage can be kept/)
    rows.isStuck = false
    expect(begin(journal, 1).open).toBeDefined()
  })

  test('where the journal has grown too large', () => {
    const journal = createJournal({ segmentBytes: 500, mostBytes: 3000 })
    expect(() => {
      for (let i = 0; i < 20; i += 1) begin(journal, 10).end(3)
    }).toThrow(/the journal of requests is full/)
  })
})

test('without a place on disk limits go on, and it is said what that costs', () => {
  const blocked = path.join(spoolDir, 'file')
  writeFileSync(blocked, '')
  const journal = createJournal({ spoolDir: path.join(blocked, 'below') })
  expect(begin(journal, 1).open).toBeUndefined()
  expect(begin(journal, 1).open).toBeUndefined()
  expect(log.matching('no journal can be written')).toHaveLength(1)
})

test('without a database nothing is written', async () => {
  expect(begin(createJournal({ isWanted: () => false }), 1).open).toBeUndefined()
  expect(await readdir(spoolDir)).toEqual([])
})

test('a folder that is taken away is followed by one that knows all', async () => {
  const journal = createJournal()
  begin(journal, 400).end(150)
  const open = begin(journal, 300)
  for (const name of await readdir(spoolDir))
    await rm(path.join(spoolDir, name), { recursive: true })
  await journal.beat()
  expect(await remains()).toMatchObject({ killed: 1, used: { [money.key]: [[0, 450]] } })
  open.end(1)
  journal.flush()
  expect(await remains()).toMatchObject({ killed: 0, used: { [money.key]: [[0, 151]] } })
})

test('closed, it leaves nothing where all is told and kept, and everything else', async () => {
  const done = createJournal()
  begin(done, 400).end(150)
  rows.safe = rows.recorded
  await done.close(true)
  expect(await readdir(spoolDir)).toEqual([])
  const untold = createJournal()
  begin(untold, 400).end(150)
  await untold.close(false)
  expect(await remains()).toMatchObject({ used: { [money.key]: [[0, 150]] } })
})

describe('adopted', () => {
  async function leave(): Promise<string> {
    const journal = createJournal({ owner: randomUUID(), segmentBytes: 1500 })
    for (let i = 0; i < 10; i += 1) begin(journal, 10).end(3)
    begin(journal, 50)
    await journal.close(false)
    const [name = ''] = await readdir(spoolDir)
    return path.join(spoolDir, name)
  }

  async function left(folder: string) {
    const names = (await readdir(folder)).filter((name) => name !== 'owner.json')
    const texts = await Promise.all(names.map((name) => readFile(path.join(folder, name), 'utf8')))
    const lines = texts.flatMap((text, index) =>
      names[index]?.endsWith('.jsonl') ? text.trim().split('\n') : [],
    )
    const ids = lines.map((line) => {
      const row: { id: string } = JSON.parse(line)
      return row.id
    })
    const settlements = texts.filter((_, index) => names[index]?.endsWith(settlementSuffix))
    return { ids, settlements: settlements.map((text): unknown => JSON.parse(text)) }
  }

  test('it becomes rows and a settlement', async () => {
    await leave()
    const own = createSpoolFolder(spoolDir)
    const { segments: found, journals: adopted } = await adoptFolders(spoolDir, own)
    expect(found).toHaveLength(1)
    expect(adopted).toMatchObject([{ killed: 1, unreadable: 0 }])
    const { ids, settlements } = await left(own)
    expect(ids).toHaveLength(11)
    expect(settlements).toMatchObject([
      { windows: [{ used: [[bucket, 11]] }, { used: [[0, 80]] }] },
    ])
    expect(await readdir(spoolDir)).toEqual([path.basename(own)])
    expect((await adoptFolders(spoolDir, own)).segments, 'and not twice').toEqual([])
  })

  test('again after an adopter died half way, it says the same', async () => {
    const folder = await leave()
    const copy = `${folder}-copy`
    await cp(folder, copy, { recursive: true })
    const [once, twice] = [path.join(spoolDir, '.once'), path.join(spoolDir, '.twice')]
    for (const into of [once, twice]) mkdirSync(into)
    await adoptJournal(folder, once)
    // The journal was still there when the adopter died, and so was what it had made of it.
    const name = path.basename(folder)
    await cp(copy, path.join(twice, name), { recursive: true })
    await cp(once, twice, { recursive: true })
    await adoptJournal(path.join(twice, name), twice)
    await rm(path.join(twice, name), { recursive: true })
    expect(await left(twice)).toEqual(await left(once))
  })

  test('by two at once, one of them has it', async () => {
    await leave()
    const folders = [createSpoolFolder(spoolDir), createSpoolFolder(spoolDir)]
    await Promise.all(folders.map((folder) => adoptFolders(spoolDir, folder)))
    const all = await Promise.all(folders.map(left))
    expect(all.flatMap(({ settlements }) => settlements)).toHaveLength(1)
    expect(all.flatMap(({ ids }) => ids)).toHaveLength(11)
  })
})

test('a process that only leased, and was killed before it held anything, is settled too', async () => {
  const journal = createJournal()
  journal.prepare()
  journal.prepare()
  const [name = ''] = await readdir(spoolDir)
  const into = path.join(spoolDir, 'successor')
  mkdirSync(into)
  const adopted = await adoptJournal(path.join(spoolDir, name), into)
  expect(adopted).toEqual({ killed: 0, unreadable: 0 })
  const settlement = await readFile(path.join(into, `${name}${settlementSuffix}`), 'utf8')
  expect(JSON.parse(settlement)).toEqual({ owner: 'me', windows: [] })
})

test('without a ledger nothing is begun', async () => {
  createJournal({ isWanted: () => false }).prepare()
  expect(await readdir(spoolDir)).toEqual([])
})
