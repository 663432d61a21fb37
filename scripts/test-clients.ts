import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { embeddingModels, models, startVendors } from '../test/client/vendors/fleet.ts'
import { startGatewayProcess } from '../test/doubles/gateway.ts'

/**
 * `npm run test:clients`: the official Python clients against a running gateway, with scripted servers of five
 * dialects behind it. The clients go into a folder of their own under `.colonnade/`, once. The last line says
 * `N passed, N failed`; exit code 1 where one failed, 2 where they cannot be run here.
 */
const root = dirname(import.meta.dirname)
const checks = join(root, 'test', 'client', 'python')
const requirements = join(checks, 'requirements.txt')
const cannotRun = 2

async function main(): Promise<number> {
  const python = findPython()
  if (python === undefined) {
    print(
      'The clients for Python were not tested: there is no python3 of 3.10 or newer that has venv.',
    )
    return cannotRun
  }
  const clients = installClients(python)
  return clients === undefined ? cannotRun : runChecks(clients)
}

/** `PYTHON`, else the first on the path that is new enough and can make an environment. */
function findPython(): string | undefined {
  const isFit = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))'
  return [process.env['PYTHON'], 'python3', 'python'].find(
    (python) => python !== undefined && spawnSync(python, ['-c', isFit]).status === 0,
  )
}

/** The Python of an environment that holds the clients; undefined where they could not be installed. */
function installClients(python: string): string | undefined {
  const version = spawnSync(python, ['-VV'], { encoding: 'utf8' }).stdout
  const wanted = createHash('sha256').update(version).update(readFileSync(requirements))
  const folder = join(root, '.colonnade', `python-clients-${wanted.digest('hex').slice(0, 12)}`)
  const installed = join(folder, 'bin', 'python')
  if (existsSync(join(folder, 'complete'))) return installed
  print('Installing the clients for Python …')
  mkdirSync(dirname(folder), { recursive: true })
  rmSync(folder, { recursive: true, force: true })
  const isDone =
    isRun(python, ['-m', 'venv', folder]) &&
    isRun(installed, [
      '-m',
      'pip',
      'install',
      '-q',
      '--disable-pip-version-check',
      '-r',
      requirements,
    ])
  if (isDone) {
    mkdirSync(join(folder, 'begun'))
    renameSync(join(folder, 'begun'), join(folder, 'complete'))
    return installed
  }
  rmSync(folder, { recursive: true, force: true })
  print(
    'The clients for Python were not tested: they could not be installed, for the reason above.',
  )
  return undefined
}

function isRun(program: string, args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'inherit' }).status === 0
}

async function runChecks(python: string): Promise<number> {
  const vendors = await startVendors()
  const gateway = await startGatewayProcess({ config: vendors.config })
  try {
    await gateway.untilReady()
    const child = spawn(python, [join(checks, 'main.py')], {
      stdio: ['pipe', 'inherit', 'inherit'],
      env: {
        ...process.env,
        NO_PROXY: '127.0.0.1',
        PYTHONDONTWRITEBYTECODE: '1',
        LANGSMITH_TRACING: 'false',
      },
    })
    const { url, key } = gateway
    child.stdin.end(JSON.stringify({ url, key, models, embedding_models: embeddingModels }))
    const [code]: unknown[] = await once(child, 'exit')
    return code === 0 ? 0 : 1
  } finally {
    await gateway.close()
    await vendors.close()
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

process.exitCode = await main()
