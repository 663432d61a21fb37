import { masterKeyName } from '../../infra/env-file.ts'
import type { FleetModule } from '../../infra/fleet.ts'
import type { Module } from '../../modules/module.ts'
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
  const documents = running.flatMap(({ document }) => document ?? [])
  return askBackends(findBackends(documents, findVariable), answersWithinMs)
}

/** The table of what runs, and below it a line for each thing there is to do. */
export function summarise(
  running: readonly RunningModule[],
  reports: readonly BackendReport[],
  width: number,
): string {
  const rows = running.map(({ module, document, state }) => [
    module.name,
    state.kind === 'out' ? 'not running' : addressOf(module),
    masterKeyName(module.name),
    backendsOf(module, reports),
    modelNames(document).join(' '),
  ])
  const troubles = running.flatMap(({ module, state }) =>
    state.kind === 'ready' ? [] : [`${module.name}: ${state.reason}`],
  )
  const faults = new Set(running.flatMap((each) => each.faults))
  const todo = [...troubles, ...faults, ...adviceFor(reports)].map((line) => `- ${line}`)
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
export function firstSteps(running: readonly RunningModule[], usageGoes: string): string {
  const chat = running.find(
    ({ module, state }) =>
      state.kind === 'ready' && module.module.endpoints.includes('chat-completions'),
  )
  const model = modelNames(chat?.document)[0]
  const lines = [`Keys are in .env. ${usageGoes} Ctrl-C ends.`]
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

/** The public names, each once. */
export function modelNames(document: Module | undefined): string[] {
  return [...new Set(document?.models.map(({ modelName }) => modelName))]
}
