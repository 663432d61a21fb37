import { spawn } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'

const repository = join(import.meta.dirname, '..', '..')
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'set-up-'))
  mkdirSync(join(folder, 'scripts'))
  cpSync(join(repository, 'scripts', 'set-up.mjs'), join(folder, 'scripts', 'set-up.mjs'))
  writeJson('package.json', { devDependencies: { node: process.versions.node } })
  writeJson('package-lock.json', {
    packages: {
      '': {},
      'node_modules/a': { version: '1.0.0' },
      'node_modules/other-os': { version: '1.0.0', optional: true },
    },
  })
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('what is installed already is left alone, without a word', async () => {
  install({ 'node_modules/a': { version: '1.0.0' } })
  expect(await setUp('exit 1')).toEqual({ code: 0, said: '' })
})

test('in a fresh clone it installs, and says so in one line', async () => {
  const { code, said } = await setUp(installing)
  expect(said).toMatch(/^set-up: dependencies are not installed: .* done in [\d.]+ s\n$/)
  expect(code).toBe(0)
})

test('a package of another version than the lock file names is installed anew', async () => {
  install({ 'node_modules/a': { version: '0.9.0' } })
  expect((await setUp(installing)).said).toContain('out of date')
})

test('npm is told to install everything, whatever the environment leaves out', async () => {
  await setUp(`echo "$@" > arguments; env > environment; ${installing}`, {
    NODE_ENV: 'production',
    npm_config_omit: 'dev',
    npm_config_dry_run: 'true',
    npm_config_registry: 'http://127.0.0.1:9/',
  })
  expect(readFileSync(join(folder, 'arguments'), 'utf8')).toMatch(
    /^ci --include=dev --include=optional/,
  )
  const environment = readFileSync(join(folder, 'environment'), 'utf8')
  expect(environment).not.toMatch(/^(NODE_ENV|npm_config_omit|npm_config_dry_run)=/m)
  expect(environment).toContain('npm_config_registry=http://127.0.0.1:9/')
})

test.each([
  ['getaddrinfo ENOTFOUND registry.example', 'offline'],
  ['ENOSPC: no space left on device', 'disk is full'],
  ['EACCES: permission denied', 'may not write'],
  [
    '`npm ci` can only install packages when your package.json and package-lock.json are in sync',
    'disagree',
  ],
  ['E404 Not Found', 'registry lacks'],
])('a failed install shows what npm said, and a sentence: %s', async (words, sentence) => {
  const { code, said } = await setUp(`echo "npm error ${words.replaceAll('`', '')}" >&2; exit 1`)
  expect(code).toBe(1)
  expect(said).toContain(words.replaceAll('`', ''))
  expect(said).toMatch(new RegExp(`set-up: npm ci failed. .*${sentence}`))
  expect(said).not.toContain('at ')
})

test('an install that leaves no Node behind is not called done', async () => {
  const { code, said } = await setUp(
    'mkdir -p node_modules; cp package-lock.json node_modules/.package-lock.json',
  )
  expect(code).toBe(1)
  expect(said).toContain('ignore-scripts')
})

test('two at once install once', async () => {
  const slow = `echo x >> count; sleep 0.5; ${installing}`
  const both = await Promise.all([setUp(slow), setUp(slow)])
  expect(both.map(({ code }) => code)).toEqual([0, 0])
  expect(both.map(({ said }) => said).join('')).toContain('another npm script is installing')
  expect(readFileSync(join(folder, 'count'), 'utf8')).toBe('x\n')
})

test('the lock of a script that was killed does not hold up the next one', async () => {
  const first = spawn(process.execPath, [join(folder, 'scripts', 'set-up.mjs')], {
    env: environmentWith('sleep 30', {}),
    detached: true,
  })
  await untilThere(join(folder, '.colonnade', 'set-up.lock'))
  if (first.pid !== undefined) process.kill(-first.pid, 'SIGKILL')
  await new Promise((resolve) => first.once('exit', resolve))
  expect((await setUp(installing)).code).toBe(0)
  expect(existsSync(join(folder, '.colonnade', 'set-up.lock'))).toBe(false)
})

test('a linked node_modules is never wiped', async () => {
  const target = join(folder, 'elsewhere')
  mkdirSync(target)
  writeFileSync(join(target, 'precious'), '')
  symlinkSync(target, join(folder, 'node_modules'))
  const { code, said } = await setUp('rm -rf node_modules/*')
  expect([code, existsSync(join(target, 'precious'))]).toEqual([1, true])
  expect(said).toContain('is a link to')
})

/** What the real `npm ci` leaves behind, as far as set-up looks. */
const installing = `mkdir -p node_modules/.bin; cp package-lock.json node_modules/.package-lock.json; ln -sf ${process.execPath} node_modules/.bin/node`

function install(packages: Record<string, unknown>): void {
  mkdirSync(join(folder, 'node_modules', '.bin'), { recursive: true })
  writeJson('node_modules/.package-lock.json', { packages })
  symlinkSync(process.execPath, join(folder, 'node_modules', '.bin', 'node'))
}

function writeJson(file: string, value: unknown): void {
  writeFileSync(join(folder, file), JSON.stringify(value))
}

/** The environment in which `npm` is this shell script. */
function environmentWith(npm: string, more: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const programs = join(folder, 'programs')
  mkdirSync(programs, { recursive: true })
  writeFileSync(join(programs, 'npm'), `#!/bin/sh\n${npm}\n`)
  chmodSync(join(programs, 'npm'), 0o755)
  return { PATH: `${programs}:/usr/bin:/bin`, ...more }
}

function setUp(
  npm: string,
  more: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [join(folder, 'scripts', 'set-up.mjs')], {
    env: environmentWith(npm, more),
  })
  let said = ''
  child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, said })))
}

async function untilThere(file: string): Promise<void> {
  while (!existsSync(file)) await sleep(10)
}
