import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ensureEnvFile, masterKeyName } from '../infra/env-file.ts'
import { readFleet } from '../infra/fleet.ts'
import type { Fleet } from '../infra/fleet.ts'
import { clientOf, createChecks } from './backends/checks.ts'
import type { Check, Place } from './backends/checks.ts'
import { findPortFault } from './local/ports.ts'
import { addressesOf, findMissing, needsOf } from './backends/needs.ts'

/**
 * `npm run test:backends`: the shipped modules against real backends on this machine. Starts the
 * fleet as `npm start` does, asks each module through the official client, and ends it again.
 * Exit code: how many checks failed; 2 where a backend is missing or the fleet does not start.
 */
const root = dirname(import.meta.dirname)
const pictureFile = join(root, 'test', 'fixtures', 'backends', 'words.png')
const readyWithinMs = 180_000
const cannotRun = 2

async function main(): Promise<number> {
  const addresses = addressesOf(process.env)
  const missing = await findMissing(needsOf(addresses, ['llama3.2', 'all-minilm']))
  if (missing.length > 0) {
    print('These backends are missing, so nothing was tested:')
    for (const sentence of missing) print(`  ${sentence}`)
    return cannotRun
  }
  const fleet = readFleet(root)
  const taken = await findTakenPort(fleet)
  if (taken !== undefined) {
    print(taken)
    return cannotRun
  }
  const running = startFleet({ ...process.env, VISION_API_BASE: addresses.vision })
  try {
    const places = placesOf(fleet)
    await untilReady(running, places)
    return await runChecks(createChecks(pictureFile), places)
  } catch (error) {
    print(error instanceof Error ? error.message : String(error))
    return cannotRun
  } finally {
    await running.stop()
  }
}

async function findTakenPort(fleet: Fleet): Promise<string | undefined> {
  for (const { name, nodePort } of fleet.modules) {
    if ((await findPortFault(nodePort)) === undefined) continue
    return `Port ${nodePort}, which ${name} needs, is in use: end \`npm start\`, or what else listens there, and run it again.`
  }
  return undefined
}

interface RunningFleet {
  readonly child: ChildProcess
  printed(): string
  stop(): Promise<void>
}

function startFleet(env: NodeJS.ProcessEnv): RunningFleet {
  const child = spawn(process.execPath, [join(root, 'scripts', 'up.ts')], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void stop(child).then(() => process.exit(130)))
  }
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (printed += text))
  }
  return { child, printed: () => printed.trim(), stop: () => stop(child) }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
}

/** Where each module listens, and the key that opens it. */
function placesOf(fleet: Fleet): Map<string, Place> {
  const { values } = ensureEnvFile(root, fleet)
  const keyOf = (name: string): string =>
    (process.env[masterKeyName(name)] || values[masterKeyName(name)] || '').split(',')[0] ?? ''
  return new Map(
    fleet.modules.map(({ name, nodePort }) => [
      name,
      { baseURL: `http://127.0.0.1:${nodePort}/v1`, apiKey: keyOf(name) },
    ]),
  )
}

/** Ready is our own fleet: every module takes the key of this folder. */
async function untilReady(fleet: RunningFleet, places: Map<string, Place>): Promise<void> {
  const givesUpAt = performance.now() + readyWithinMs
  for (const [module, place] of places) {
    while (!(await answers(place))) {
      if (fleet.child.exitCode !== null || performance.now() > givesUpAt) {
        throw new Error(`${module} did not come up. What npm start printed:\n${fleet.printed()}`)
      }
      await sleep(200)
    }
  }
}

async function answers({ baseURL, apiKey }: Place): Promise<boolean> {
  const headers = { authorization: `Bearer ${apiKey}` }
  const signal = AbortSignal.timeout(2000)
  const answer = await fetch(`${baseURL}/models`, { headers, signal }).catch(() => undefined)
  return answer?.ok ?? false
}

async function runChecks(checks: readonly Check[], places: Map<string, Place>): Promise<number> {
  let failures = 0
  for (const { module, what, run } of checks) {
    const startedAt = performance.now()
    const told = await runOne(run, places.get(module))
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    if (!told.isGood) failures += 1
    print(`${told.isGood ? 'ok    ' : 'FAILED'} ${module}: ${what}: ${told.text} (${seconds} s)`)
  }
  print(`${checks.length - failures} passed, ${failures} failed`)
  return failures
}

async function runOne(
  run: Check['run'],
  place: Place | undefined,
): Promise<{ isGood: boolean; text: string }> {
  if (!place) return { isGood: false, text: 'there is no such module' }
  try {
    return { isGood: true, text: await run(clientOf(place)) }
  } catch (error) {
    return { isGood: false, text: error instanceof Error ? error.message : String(error) }
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

process.exitCode = await main()
