import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { embeddingModels, models, startVendors } from '../test/client/vendors/fleet.ts'
import { startGatewayProcess } from '../test/doubles/gateway.ts'
import { findPython, installPackages } from './python/environment.ts'

/**
 * `npm run test:clients`: the official Python clients against a running gateway, with scripted servers of five
 * dialects behind it. The clients go into a folder of their own under `.colonnade/`, once. The last line says
 * `N passed, N failed`; exit code 1 where one failed, 2 where they cannot be run here.
 */
const root = dirname(import.meta.dirname)
const checks = join(root, 'test', 'client', 'python')
const cannotRun = 2

async function main(): Promise<number> {
  const python = findPython()
  if (python === undefined) {
    print(
      'The clients for Python were not tested: there is no python3 of 3.10 or newer that has venv.',
    )
    return cannotRun
  }
  const programs = installPackages(root, python, {
    name: 'python-clients',
    requirements: join(checks, 'requirements.txt'),
    announce: () => print('Installing the clients for Python …'),
  })
  if (programs !== undefined) return runChecks(join(programs, 'python'))
  print(
    'The clients for Python were not tested: they could not be installed, for the reason above.',
  )
  return cannotRun
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
