import { masterKeyName } from '../../infra/env-file.ts'
import type { Fleet } from '../../infra/fleet.ts'
import { startStandIns, type StandIns } from '../stand-ins.ts'
import { askDemo, type DemoTarget } from './demo-requests.ts'
import type { RunningModule } from './local-fleet.ts'
import type { Output } from './output.ts'
import { addressOf, modelNames } from './summary.ts'

/** Starts the backends of a demo: they list every model the fleet wants. */
export function startDemoBackends({ modules }: Fleet): Promise<StandIns> {
  const models = modules.flatMap(({ module }) => module.models.map(({ params }) => params.model))
  return startStandIns({ models: models.map((model) => model.slice(model.indexOf('/') + 1)) })
}

/** Sends each module its request, and says what came back; false where one failed. */
export async function showDemo(
  running: readonly RunningModule[],
  findVariable: (name: string) => string | undefined,
  output: Output,
): Promise<boolean> {
  output.say('One request to each module, by the openai client:')
  const answers = await Promise.all(
    running.map((module) => askDemo(targetOf(module, findVariable))),
  )
  for (const [index, { module }] of running.entries())
    output.sayFor(module.name, answers[index]?.text ?? '')
  return answers.every(({ isGood }) => isGood)
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
