import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ensureProgram } from '../../../scripts/local/program.ts'
import { writeFiles, writeFleet } from '../../infra/fleet-folder.ts'

const says = (words: string) => `const said: string = '${words}'\nconsole.log(said)\n`

let stateDir: string
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'colonnade-program-'))
})
afterEach(() => rmSync(stateDir, { recursive: true, force: true }))

const run = (program: string) => execFileSync(process.execPath, [program], { encoding: 'utf8' })

test('is made once of the sources, and anew when they have changed; the former one goes', async () => {
  const root = writeFleet({
    'gateway/main.ts': says('one'),
    'gateway/work.ts': says('work'),
    'gateway/doctor.ts': says('doctor'),
  })
  const first = await ensureProgram(root, stateDir)
  expect(run(first)).toBe('one\n')
  const { mtimeMs } = statSync(first)
  expect(await ensureProgram(root, stateDir)).toBe(first)
  expect(statSync(first).mtimeMs).toBe(mtimeMs)
  writeFiles(root, { 'gateway/main.ts': says('two') })
  const second = await ensureProgram(root, stateDir)
  expect(run(second)).toBe('two\n')
  expect(readdirSync(dirname(dirname(second)))).toEqual([second.split(/[\\/]/).at(-2)])
})
