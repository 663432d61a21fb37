import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readFleet, type Fleet } from '../infra/fleet.ts'
import { faultLine } from '../modules/read-module.ts'
import { chooseModules, readArguments, type StartArguments } from './local/arguments.ts'
import { demoDocument } from './local/demo-document.ts'
import { showDemo, startDemoBackends } from './local/demo.ts'
import { endOnSignals } from './local/ending.ts'
import { LocalFleet, type RunningModule } from './local/local-fleet.ts'
import { takeFolder } from './local/only-one.ts'
import { createOutput, type Output } from './local/output.ts'
import { askModules, firstSteps, summarise } from './local/summary.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Runs the modules on this machine until it is told to end; resolves with the exit code. */
async function main(): Promise<number> {
  const asked = readArguments(process.argv.slice(2), process.env)
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
  const standIns = asked.isDemo ? await startDemoBackends(fleet) : undefined
  const output: Output = createOutput({
    mark: asked.isDemo ? '[demo] ' : '',
    write: (text) => process.stdout.write(text),
    secrets: () => local.secrets,
  })
  const demo = standIns && {
    rewrite: (config: string) => demoDocument(config, standIns.addresses),
    hidden: ['DATABASE_URL'],
  }
  const own = { root, stateDir, environment: process.env, output, names: asked.modules }
  const local = new LocalFleet({ ...own, ...demo })
  const ending = endOnSignals(local, output.say)
  const running = await local.start(fleet)
  const isGood = await show(asked, running, { local, output })
  if (asked.isOnce) await local.stop()
  else await ending
  await standIns?.close()
  output.say('ended')
  return isGood || !asked.isOnce ? 0 : 1
}

/** Says what runs; in a demo also what came back from it. */
async function show(
  asked: StartArguments,
  running: readonly RunningModule[],
  { local, output }: { readonly local: LocalFleet; readonly output: Output },
): Promise<boolean> {
  if (running.length === 0) return true
  const reports = await askModules(running, local.findVariable)
  output.say(`\n${summarise(running, reports, process.stdout.columns ?? 120)}\n`)
  const isGood = asked.isDemo ? await showDemo(running, local.findVariable, output) : true
  output.say(firstSteps(running, local.usageGoes))
  return isGood
}

function refuse(text: string): number {
  process.stderr.write(`${text}\n`)
  return 1
}

// Who reads us may go, as in `npm start | head`: that ends nothing.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(
      `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    )
    process.exit(1)
  },
)
