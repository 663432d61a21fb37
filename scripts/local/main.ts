import { join } from 'node:path'
import { readFleet, type Fleet } from '../../infra/fleet.ts'
import { faultLine } from '../../modules/read-module.ts'
import { chooseModules, readArguments, type StartArguments } from './arguments.ts'
import type { showDemo as ShowDemo } from './demo.ts'
import { endOnSignals } from './ending.ts'
import { LocalFleet, type RunningModule } from './local-fleet.ts'
import { takeFolder } from './only-one.ts'
import { createOutput, type Output } from './output.ts'
import { readAhead } from './read-ahead.ts'
import { askModules, firstSteps, summarise } from './summary.ts'

const root = join(import.meta.dirname, '..', '..')

/** Runs the modules on this machine until it is told to end; resolves with the exit code. */
export async function main(words: readonly string[]): Promise<number> {
  const asked = readArguments(words, process.env)
  if ('help' in asked) {
    process.stdout.write(`${asked.help}\n`)
    return 0
  }
  if ('fault' in asked) return refuse(asked.fault)
  const fleet = readFleet(root)
  const chosen = chooseModules(fleet.modules, asked.modules)
  if ('fault' in chosen) return refuse([...fleet.faults.map(faultLine), chosen.fault].join('\n'))
  if (chosen.length === 0) return refuse(fleet.faults.map(faultLine).join('\n'))
  const stateDir = join(root, '.colonnade', ...(asked.isDemo ? ['.demo'] : []))
  const seat = takeFolder(stateDir)
  if ('takenBy' in seat) {
    return refuse(
      `npm start runs here already, as process ${seat.takenBy}: end that one first (Ctrl-C there). A new module file needs no restart.`,
    )
  }
  try {
    return await run(asked, fleet, stateDir)
  } finally {
    seat.release()
  }
}

async function run(asked: StartArguments, fleet: Fleet, stateDir: string): Promise<number> {
  // Loaded only where it is wanted: the client alone would double the start.
  const demo = asked.isDemo ? await import('./demo.ts') : undefined
  const backends = await demo?.startDemoBackends(fleet)
  const output: Output = createOutput({
    mark: asked.isDemo ? '[demo] ' : '',
    write: (text) => process.stdout.write(text),
    secrets: () => local.secrets,
  })
  const own = { root, stateDir, environment: process.env, output, names: asked.modules }
  const local = new LocalFleet({ ...own, ...backends?.fleetOptions })
  const ending = endOnSignals(local, output.say)
  const running = await local.start(fleet)
  const isGood = await show(running, { local, output, showDemo: demo?.showDemo })
  const ahead = readAhead(root, local.program)
  if (asked.isOnce) await local.stop()
  else await ending
  ahead.end()
  await backends?.close()
  output.say('ended')
  return isGood || !asked.isOnce ? 0 : 1
}

interface Stage {
  readonly local: LocalFleet
  readonly output: Output
  readonly showDemo: typeof ShowDemo | undefined
}

/** Says what runs; in a demo also what came back from it. */
async function show(
  running: readonly RunningModule[],
  { local, output, showDemo }: Stage,
): Promise<boolean> {
  if (local.isEnding) return true
  const reports = await askModules(running, local.findVariable)
  output.say(`\n${summarise(running, reports, process.stdout.columns ?? 120)}\n`)
  const isGood = (await showDemo?.(running, local.findVariable, output)) ?? true
  output.say(firstSteps(running, local.usageGoes))
  return isGood
}

function refuse(text: string): number {
  process.stderr.write(`${text}\n`)
  return 1
}
