import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { masterKeyName } from '../../../infra/env-file.ts'
import { readFleet } from '../../../infra/fleet.ts'
import { run } from '../../../scripts/deploy/command.ts'
import { parseJson, textAt } from '../../../scripts/deploy/read-json.ts'
import { chatAsk, send } from '../asks.ts'
import { expect } from '../check.ts'
import type { Check, Stage } from '../check.ts'
import { foundWell } from '../doctor.ts'
import { modelName, renderTestFleet, write } from '../fleet-folder.ts'
import type { TestedModule } from '../fleet-folder.ts'
import type { Addition } from '../next-image.ts'
import { since, until } from '../patience.ts'
import { askEach } from '../well.ts'
import { makeKey, opensBoth, untilKeysWork } from './keys.ts'

const name = 'test-newcomer'
const server = `${name}-ollama`
const file = `modules/${name}.yaml`

/** A module that the fleet did not have. */
export const newcomerChecks: readonly Check[] = [
  {
    group: 'newcomer',
    what: 'one module file more is a module more, with its login to Postgres and a model server with a volume; and goes again',
    run: async (stage) => {
      const image = await stage.addition(modelServerImage)
      try {
        const said = await comeIn(stage, image)
        return `${said}; ${await goOut(stage)}`
      } finally {
        await goOut(stage)
      }
    },
  },
]

const script = fileURLToPath(import.meta.resolve('../model-server.ts'))

const modelServerImage: Addition = {
  suffix: 'ollama',
  dockerfile: [
    'COPY ollama /usr/local/bin/ollama',
    'COPY model-server.ts /model-server/model-server.ts',
    'ENTRYPOINT ["ollama"]',
  ],
  files: {
    ollama: '#!/bin/sh\nexec node /model-server/model-server.ts "$@"\n',
    'model-server.ts': readFileSync(script, 'utf8'),
  },
}

async function comeIn(stage: Stage, image: string): Promise<string> {
  const { kubectl, fleet, subject } = stage
  const before = await kubectl.pods()
  write(fleet.folder, file, moduleFile(image))
  const { keys } = renderTestFleet(fleet.folder, fleet.image)
  const nodePort = readFleet(fleet.folder).modules.find((one) => one.name === name)?.nodePort ?? 0
  const key = keys[masterKeyName(name)] ?? ''
  const newcomer: TestedModule = { name, nodePort, key, endpoints: [], replicas: 1 }
  const startedAt = performance.now()
  await kubectl.do(['apply', '--kustomize', fleet.kustomization])
  for (const path of [`deployment/${name}-gateway`, `deployment/${server}`])
    await kubectl.rolledOut(path)
  await untilItSays(stage, newcomer)
  const answered = since(startedAt)
  await untilKeysWork(stage)
  await opensBoth(stage, [newcomer], await makeKey(await baseOf(stage, subject), subject.key))
  const login = since(startedAt)
  const well = await foundWell(stage)
  const deletedAt = performance.now()
  await kubectl.do(['delete', 'pods', '--selector', `module=${server}`])
  await kubectl.rolledOut(`deployment/${server}`)
  await untilItSays(stage, newcomer)
  const names = new Set((await kubectl.pods()).map((pod) => pod.name))
  const gone = before.filter((pod) => !names.has(pod.name))
  expect(gone.length === 0, `pods of others went: ${gone.map((pod) => pod.name).join(', ')}`)
  return `${name} on node port ${nodePort} answers by its own model server after ${answered}, knows the keys of the others after ${login}; doctor: ${well}; a new server has the models of the old ${since(deletedAt)} after its end; no other pod changed`
}

function moduleFile(image: string): object {
  const resources = { requests: { cpu: '20m', memory: '64Mi' }, limits: { memory: '256Mi' } }
  const backend = { name: 'ollama', kind: 'ollama', image, models: [modelName], resources }
  const params = { model: `ollama_chat/${modelName}`, api_base: `http://${server}:11434` }
  return {
    endpoints: ['chat-completions'],
    deploy: { replicas: 1, backends: [{ ...backend, storage: '1Gi' }] },
    model_list: [{ model_name: modelName, litellm_params: params }],
  }
}

async function baseOf({ host }: Stage, { nodePort }: TestedModule): Promise<string> {
  return `http://${await host()}:${nodePort}`
}

async function untilItSays(stage: Stage, newcomer: TestedModule): Promise<void> {
  const base = await baseOf(stage, newcomer)
  let heard = ''
  await until(
    `${name} answers by its model server`,
    async () => {
      const { text } = await send(base, chatAsk(newcomer.key, 'hello'))
      heard = textAt(parseJson(text), 'choices', 0, 'message', 'content') ?? ''
      return heard === 'from the model server'
    },
    { seconds: 60 },
  )
}

/** As `npm run synth` says it, when the file is gone. */
async function goOut(stage: Stage): Promise<string> {
  const { kubectl, fleet } = stage
  rmSync(join(fleet.folder, file), { force: true })
  const { deletions } = renderTestFleet(fleet.folder, fleet.image)
  if (deletions.length === 0) return 'nothing is left'
  for (const command of deletions) {
    const said = await run(command.split(' '), { timeoutMs: 180_000 })
    expect(said.status === 0, `${command}: ${said.stderr}`)
  }
  await kubectl.do(['delete', 'persistentvolumeclaim', server])
  await kubectl.do(['apply', '--kustomize', fleet.kustomization])
  for (const owner of [name, server])
    await until(
      `the pods of ${owner} are gone`,
      async () => (await kubectl.pods(`module=${owner}`)).length === 0,
      { seconds: 120 },
    )
  await askEach(stage)
  return `gone by ${deletions.length} commands that synth prints, the others answer`
}
