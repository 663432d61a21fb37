import { requestTo, send } from './asks.ts'
import { expect } from './check.ts'
import type { Stage } from './check.ts'
import type { TestedModule } from './fleet-folder.ts'
import { until } from './patience.ts'

/** Does the work, after which no gateway that stands may have restarted. */
export async function withoutRestarts(stage: Stage, work: () => Promise<string>): Promise<string> {
  const said = await work()
  const pods = await stage.kubectl.pods('app.kubernetes.io/component=gateway')
  const restarted = pods.filter(({ restarts, isGoing }) => restarts > 0 && !isGoing)
  // A kill for memory in an earlier check stays on its pod; here every pod is younger than that.
  expect(
    restarted.length === 0,
    `${said}; restarted: ${restarted.map(({ name, restarts }) => `${name} ${restarts}`).join(', ')}`,
  )
  return `${said}; 0 restarts`
}

/** One request to each module but one; all must answer. */
export async function askEach({ host, fleet }: Stage, but?: string): Promise<void> {
  const at = await host()
  for (const module of fleet.modules.filter(({ name }) => name !== but)) {
    const { status, text } = await send(`http://${at}:${module.nodePort}`, requestTo(module))
    expect(status === 200, `${module.name} answered ${status} ${text.slice(0, 200)}`)
  }
}

/** After it had no port, or no key. */
export async function untilItAnswers({ host }: Stage, module: TestedModule): Promise<void> {
  const base = `http://${await host()}:${module.nodePort}`
  await until(
    `${module.name} answers`,
    async () => (await send(base, requestTo(module))).status === 200,
    { seconds: 30 },
  )
}
