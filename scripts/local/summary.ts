import { masterKeyName } from '../../infra/env-file.ts'
import type { FleetModule } from '../../infra/fleet.ts'
import { readModule } from '../../modules/read-module.ts'
import { adviceFor, stateInWords } from './backend-advice.ts'
import { askBackends, findBackends, type BackendReport } from './backends.ts'
import type { RunningModule } from './local-fleet.ts'
import { formatTable } from './table.ts'

const header = ['module', 'address', 'master key', 'backends', 'models']

const answersWithinMs = 1_500

/** Asks every server behind the modules, once. */
export function askModules(
  running: readonly RunningModule[],
  findVariable: (name: string) => string | undefined,
): Promise<BackendReport[]> {
  const environment = (name: string) =>
    findVariable(name) ?? (name === 'BACKEND_HOST' ? '127.0.0.1' : undefined)
  const modules = running.flatMap(({ module: { name, file }, config }) => {
    const { module } = readModule(config, { file, name, environment })
    return module === undefined ? [] : [module]
  })
  return askBackends(
    findBackends(modules, () => environment),
    answersWithinMs,
  )
}

/** The table of what runs, and below it a line for each thing there is to do. */
export function summarise(
  running: readonly RunningModule[],
  reports: readonly BackendReport[],
  width: number,
): string {
  const inOrder = running.toSorted((a, b) => a.module.nodePort - b.module.nodePort)
  const rows = inOrder.map(({ module, state }) => [
    module.name,
    state.kind === 'out' ? 'not running' : addressOf(module),
    masterKeyName(module.name),
    backendsOf(module, reports),
    [...new Set(module.module.models.map(({ modelName }) => modelName))].join(' '),
  ])
  const troubles = inOrder.flatMap(({ module, state }) =>
    state.kind === 'ready' ? [] : [`${module.name}: ${state.reason}`],
  )
  const todo = [...troubles, ...adviceFor(reports)].map((line) => `- ${line}`)
  return [formatTable(header, rows, width), ...(todo.length > 0 ? ['', ...todo] : [])].join('\n')
}

/** `http://127.0.0.1:30100` */
export function addressOf(module: Pick<FleetModule, 'nodePort'>): string {
  return `http://127.0.0.1:${module.nodePort}`
}

function backendsOf(module: FleetModule, reports: readonly BackendReport[]): string {
  const own = reports.filter(({ backend }) => backend.modules.has(module.name))
  return [...new Set(own.map(stateInWords))].join(', ') || '-'
}

/** What to do next, for who sees this for the first time. */
export function firstSteps(running: readonly RunningModule[], place: string): string {
  const chat = running.find(
    ({ module, state }) =>
      state.kind === 'ready' && module.module.endpoints.includes('chat-completions'),
  )
  const model = chat?.module.module.models[0]?.modelName
  const lines = [`Keys are in .env. Usage goes to ${place}. Ctrl-C ends.`]
  if (chat && model !== undefined) {
    const key = `$(sed -n 's/^${masterKeyName(chat.module.name)}=//p' .env)`
    const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] })
    lines.push(
      '',
      `curl ${addressOf(chat.module)}/v1/chat/completions -H "Authorization: Bearer ${key}" \\`,
      `  -H 'content-type: application/json' -d '${body}'`,
    )
  }
  return lines.join('\n')
}
