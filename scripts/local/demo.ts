import { masterKeyName } from '../../infra/env-file.ts'
import type { Fleet } from '../../infra/fleet.ts'
import { startStandIns } from '../stand-ins.ts'
import { demoDocument } from './demo-document.ts'
import { askDemo, type DemoAnswer, type DemoTarget } from './demo-requests.ts'
import type { LocalFleetOptions, RunningModule } from './local-fleet.ts'
import type { Output } from './output.ts'
import { addressOf, modelNames } from './summary.ts'

/** The backends of a demo, and how a fleet is led to them. */
export interface DemoBackends {
  readonly fleetOptions: Pick<LocalFleetOptions, 'rewrite' | 'hidden'>
  close(): Promise<void>
}

/** Starts the backends of a demo: they list every model the fleet wants. */
export async function startDemoBackends({ modules }: Fleet): Promise<DemoBackends> {
  const models = modules.flatMap(({ module }) => module.models.map(({ params }) => params.model))
  const names = models.map((model) => model.slice(model.indexOf('/') + 1))
  const standIns = await startStandIns({ models: names })
  return {
    close: () => standIns.close(),
    fleetOptions: {
      rewrite: (config) => demoDocument(config, standIns.addresses),
      // What a demo uses is nobody's spend.
      hidden: ['DATABASE_URL'],
    },
  }
}

/** Sends each module its request, and says what came back; false where one failed. */
export async function showDemo(
  running: readonly RunningModule[],
  findVariable: (name: string) => string | undefined,
  output: Output,
): Promise<boolean> {
  output.say('One request to each module, by the openai client:')
  const answers = await Promise.all(running.map((module) => askModule(module, findVariable)))
  for (const [index, { module }] of running.entries())
    output.sayFor(module.name, answers[index]?.text ?? '')
  return answers.every(({ isGood }) => isGood)
}

async function askModule(
  module: RunningModule,
  findVariable: (name: string) => string | undefined,
): Promise<DemoAnswer> {
  // Who answers on a port that is not ours gets none of our keys.
  if (module.state.kind === 'out') return { isGood: false, text: 'not asked: it does not run' }
  return askDemo(targetOf(module, findVariable))
}

function targetOf(
  { module, document }: RunningModule,
  findVariable: (name: string) => string | undefined,
): DemoTarget {
  const keys = findVariable(masterKeyName(module.name)) ?? ''
  return {
    name: module.name,
    address: addressOf(module),
    // Several keys stand side by side, and each is valid.
    apiKey: keys.split(',')[0]?.trim() ?? '',
    endpoints: module.module.endpoints,
    models: modelNames(document),
  }
}
