import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { KeptProcess, type ProcessEvents } from '../../../scripts/local/process.ts'

let folder = ''
let kept: KeptProcess | undefined
const lines: string[] = []
const deaths: [string, number][] = []
let restarts = 0

const events: ProcessEvents = {
  onLine: (line) => lines.push(line),
  onDeath: (how, againInMs) => deaths.push([how, againInMs]),
  onRestart: () => (restarts += 1),
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'process-'))
  lines.length = 0
  deaths.length = 0
  restarts = 0
})

afterEach(() => {
  kept?.kill()
  rmSync(folder, { recursive: true })
})

function keep(code: string): KeptProcess {
  const file = join(folder, 'child.mjs')
  writeFileSync(file, code)
  kept = new KeptProcess(
    { args: [file], cwd: folder, environment: () => ({ WORD: 'hello' }) },
    events,
  )
  kept.start()
  return kept
}

test('its lines arrive, those of both streams', async () => {
  keep('console.log(process.env.WORD); console.error("oh"); setInterval(() => {}, 1000)')
  await vi.waitFor(() => expect(lines.toSorted()).toEqual(['hello', 'oh']), 5000)
})

test('who dies is started again, after a pause that doubles', async () => {
  keep('process.exit(7)')
  await vi.waitFor(
    () =>
      expect(deaths.slice(0, 2)).toEqual([
        ['exit code 7', 500],
        ['exit code 7', 1000],
      ]),
    5000,
  )
  expect(restarts).toBe(1)
})

test('stopping asks once, waits for the end, and starts nothing again', async () => {
  const child = keep(
    'process.on("SIGTERM", () => { console.log("bye"); setTimeout(() => process.exit(0), 100) }); console.log("up"); setInterval(() => {}, 1000)',
  )
  await vi.waitFor(() => expect(lines).toContain('up'), 5000)
  await child.stop()
  expect(child.isRunning).toBe(false)
  expect(deaths).toEqual([])
  await vi.waitFor(() => expect(lines).toContain('bye'), 1000)
})

test('stopping during the pause before a restart starts nothing', async () => {
  const child = keep('process.exit(1)')
  await vi.waitFor(() => expect(deaths).toHaveLength(1), 5000)
  await child.stop()
  expect([child.isRunning, restarts]).toEqual([false, 0])
})

test('a hard end reaches what the process has started', async () => {
  const child = keep(
    'import { spawn } from "node:child_process"; console.log(spawn("sleep", ["60"]).pid); process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)',
  )
  await vi.waitFor(() => expect(lines).toHaveLength(1), 5000)
  child.kill()
  await vi.waitFor(() => expect(() => process.kill(Number(lines[0]), 0)).toThrow('ESRCH'), 5000)
})
