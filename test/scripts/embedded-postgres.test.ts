import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { startPostgres } from '../../scripts/embedded-postgres.ts'
import { findFreePort } from '../doubles/free-port.ts'

const superuserPassword = 'a-long-password-of-the-test'
const starter = fileURLToPath(new URL('./start-postgres.ts', import.meta.url))
let folder = ''
let dataDir = ''
const said: string[] = []
const log = (line: string) => void said.push(line)

beforeEach(async () => {
  // Mode 0700: when the tests run as root, only root may enter.
  folder = await mkdtemp(path.join(tmpdir(), 'colonnade-embedded-'))
  dataDir = path.join(folder, '.colonnade', 'postgres')
  said.length = 0
})

afterEach(() => rm(folder, { recursive: true, force: true }))

async function connect(port: number): Promise<Client> {
  const client = new Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    password: superuserPassword,
  })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

async function ask(port: number, sql: string): Promise<unknown> {
  const client = await connect(port)
  try {
    const result = await client.query<Record<string, unknown>>({ text: sql })
    return Object.values(result.rows[0] ?? {})[0]
  } finally {
    await client.end()
  }
}

describe('an embedded Postgres', () => {
  test('keeps its data over a stop and a quick second start, and its password out of sight', async () => {
    const port = await findFreePort()
    const first = await startPostgres({ dataDir, port, superuserPassword, log })
    await ask(port, 'create table kept as select 42 as answer')
    expect(await ask(port, 'show fsync')).toBe('on')
    expect(await ask(port, 'show listen_addresses')).toBe('127.0.0.1')
    expect(await readFile(`/proc/${first.pid}/cmdline`, 'utf8').catch(() => '')).not.toContain(
      superuserPassword,
    )
    const open = await connect(port)
    await first.stop()
    await open.end().catch(() => undefined)

    const startedAt = Date.now()
    const second = await startPostgres({ dataDir, port, superuserPassword, log })
    expect(Date.now() - startedAt).toBeLessThan(10_000)
    expect(await ask(port, 'select answer from kept')).toBe(42)
    await second.stop()
    await expect(connect(port)).rejects.toThrow('ECONNREFUSED')

    expect(said.join('\n')).not.toContain(superuserPassword)
    expect(await readFile(`${dataDir}.log`, 'utf8')).not.toContain(superuserPassword)
    expect((await readdir(path.dirname(dataDir))).sort()).toEqual(['postgres', 'postgres.log'])
  })

  test('stands in a process group of its own', async () => {
    const server = await startPostgres({ dataDir, port: await findFreePort(), superuserPassword })
    // The negative number is the group; it exists only where the process leads one.
    expect(process.kill(-server.pid, 0)).toBe(true)
    await server.stop()
  })

  test('a data folder made with another password is named and left as it is', async () => {
    const port = await findFreePort()
    await (await startPostgres({ dataDir, port, superuserPassword })).stop()
    await expect(startPostgres({ dataDir, port, superuserPassword: 'another' })).rejects.toThrow(
      dataDir,
    )
    const again = await startPostgres({ dataDir, port, superuserPassword })
    await again.stop()
  })

  test('a folder with something else in it is named and left as it is', async () => {
    await mkdir(dataDir, { recursive: true })
    await writeFile(path.join(dataDir, 'letter.txt'), 'keep me')
    const start = startPostgres({ dataDir, port: await findFreePort(), superuserPassword })
    await expect(start).rejects.toThrow(`${dataDir} is neither empty nor a Postgres data folder`)
    expect(await readFile(path.join(dataDir, 'letter.txt'), 'utf8')).toBe('keep me')
  })

  test('a data folder of another major version is named and left as it is', async () => {
    await mkdir(dataDir, { recursive: true })
    await writeFile(path.join(dataDir, 'PG_VERSION'), '12\n')
    const start = startPostgres({ dataDir, port: await findFreePort(), superuserPassword })
    await expect(start).rejects.toThrow('belongs to Postgres 12, and this is Postgres 15')
    expect(await readFile(path.join(dataDir, 'PG_VERSION'), 'utf8')).toBe('12\n')
  })

  test('a port in use is a sentence that names the port', async () => {
    const holder = createServer()
    await new Promise<void>((resolve) => {
      holder.listen(0, '127.0.0.1', resolve)
    })
    const address = holder.address()
    const port = typeof address === 'object' && address ? address.port : 0
    // It never answers as Postgres does.
    holder.on('connection', (socket) => socket.destroy())
    await expect(startPostgres({ dataDir, port, superuserPassword })).rejects.toThrow(
      `Port ${port} is in use by another program`,
    )
    holder.close()
  })

  test('a pid file left by a dead server does not stop the next, whoever has the number now', async () => {
    const port = await findFreePort()
    await (await startPostgres({ dataDir, port, superuserPassword })).stop()
    await writeFile(
      path.join(dataDir, 'postmaster.pid'),
      `${process.pid}\n${dataDir}\n1\n${port}\n\n127.0.0.1\n`,
    )
    await chmod(path.join(dataDir, 'postmaster.pid'), 0o600)
    const server = await startPostgres({ dataDir, port, superuserPassword })
    expect(await ask(port, 'select 1')).toBe(1)
    await server.stop()
  })

  test('a server that outlived its starter is taken over and stopped by the next', async () => {
    const port = await findFreePort()
    const child = spawn(process.execPath, [starter, dataDir, String(port), superuserPassword], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')

    const neighbour = await startPostgres({
      dataDir,
      port: await findFreePort(),
      superuserPassword,
    })
    expect(neighbour.port).toBe(port)
    await neighbour.stop()
    expect(await ask(port, 'select 1'), 'its starter lives and is in charge').toBe(1)

    child.kill('SIGKILL')
    await once(child, 'exit')
    const successor = await startPostgres({ dataDir, port, superuserPassword })
    expect(await ask(port, 'select 1')).toBe(1)
    await successor.stop()
    await expect(connect(port)).rejects.toThrow('ECONNREFUSED')
  })

  test('a server that is waiting for its callers to go is not waited for', async () => {
    const port = await findFreePort()
    const first = await startPostgres({ dataDir, port, superuserPassword })
    const caller = await connect(port)
    process.kill(first.pid, 'SIGTERM')
    await vi.waitFor(() => expect(connect(port)).rejects.toThrow('shutting down'))
    const second = await startPostgres({ dataDir, port, superuserPassword })
    expect(second.pid).not.toBe(first.pid)
    expect(await ask(port, 'select 1')).toBe(1)
    await caller.end().catch(() => undefined)
    await second.stop()
  })
})
