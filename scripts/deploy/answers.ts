import { parseJson, listAt, textAt } from './read-json.ts'

/** What a module said when it was asked from here. */
export interface ModuleAnswer {
  /** `http://192.168.49.2:30100`; undefined: its node port is not to be reached from here. */
  readonly url?: string
  readonly models: readonly string[]
  /** What was wrong with the last answer. */
  readonly fault?: string
}

export interface AskedModule {
  readonly hosts: readonly string[]
  readonly port: number
  /** Its master key; absent where `.env` does not hold it. */
  readonly key?: string
  /** In the whole. */
  readonly patienceMs: number
}

const oneTryMs = 2000
const pauseMs = 300

/** Asks a module by each address until one answers, for as long as there is patience. */
export async function askModule({
  hosts,
  port,
  key,
  patienceMs,
}: AskedModule): Promise<ModuleAnswer> {
  const until = Date.now() + patienceMs
  let fault: string | undefined
  do {
    for (const host of hosts) {
      const base = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
      const said = await askOnce(base, key)
      if ('models' in said) return { url: base, models: said.models }
      fault = said.fault ?? fault
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  } while (Date.now() < until)
  return { models: [], ...(fault !== undefined && { fault }) }
}

type Said = { readonly models: readonly string[] } | { readonly fault?: string }

async function askOnce(base: string, key: string | undefined): Promise<Said> {
  try {
    const ready = await fetch(`${base}/health/readiness`, { signal: AbortSignal.timeout(oneTryMs) })
    const body = parseJson(await ready.text())
    // Something else may hold this port on the way.
    if (textAt(body, 'instance') === undefined)
      return { fault: `${base} is answered by something else` }
    if (!ready.ok) return { fault: textAt(body, 'reason') ?? `${base} answers ${ready.status}` }
    return await askModels(base, key)
  } catch {
    return {}
  }
}

async function askModels(base: string, key: string | undefined): Promise<Said> {
  const answer = await fetch(`${base}/v1/models`, {
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    signal: AbortSignal.timeout(oneTryMs),
  })
  const body = parseJson(await answer.text())
  if (answer.status === 401) return { fault: 'it does not take the master key of .env' }
  if (!answer.ok) return { fault: `/v1/models answers ${answer.status}` }
  return { models: listAt(body, 'data').flatMap((model) => textAt(model, 'id') ?? []) }
}
