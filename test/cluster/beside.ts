import { setTimeout as sleep } from 'node:timers/promises'
import { requestTo } from './asks.ts'
import { expect } from './check.ts'
import type { Stage } from './check.ts'
import type { TestedModule } from './fleet-folder.ts'
import { startTraffic } from './traffic.ts'
import type { TrafficCount } from './traffic.ts'

/** What each module that is well is sent while another is broken. */
export const perSecond = 5
const baselineMs = 6000

/** One module, or in the long form each that fits. */
export async function onEach(
  { others, fleet, isLong, subject }: Stage,
  work: (sick: TestedModule) => Promise<string>,
  fits: (module: TestedModule) => boolean = () => true,
): Promise<string> {
  const candidates = (isLong ? fleet.modules : [...others, subject]).filter(fits)
  const said: string[] = []
  for (const sick of isLong ? candidates : candidates.slice(0, 1))
    said.push(`${sick.name}: ${await work(sick)}`)
  return said.join(' / ')
}

/** Breaks one module while all others get requests at a fixed rate: none of theirs may fail. */
export async function besideOthers(
  stage: Stage,
  sick: TestedModule,
  breakIt: () => Promise<string>,
  { mayRestart = false } = {},
): Promise<string> {
  const well = stage.fleet.modules.filter(({ name }) => name !== sick.name)
  const host = await stage.host()
  const measure = (): (() => Promise<TrafficCount[]>) => {
    const all = well.map((module) =>
      startTraffic(`http://${host}:${module.nodePort}`, requestTo(module), { perSecond }),
    )
    return () => Promise.all(all.map((traffic) => traffic.stop()))
  }
  const restarts = await restartsByModule(stage)
  const endBaseline = measure()
  await sleep(baselineMs)
  const baseline = await endBaseline()
  const end = measure()
  let said: string
  let counts: TrafficCount[] = []
  try {
    said = await breakIt()
  } finally {
    counts = await end()
  }
  const failures = counts.flatMap((count) => count.failures)
  const sent = counts.reduce((sum, count) => sum + count.sent, 0)
  const compared = well.map(
    ({ name }, index) => `${name} ${baseline[index]?.p99Ms} → ${counts[index]?.p99Ms}`,
  )
  const seen = `${said}; others: ${sent} requests, ${failures.length} failed, p99 in ms ${compared.join(', ')}`
  expect(failures.length === 0, `${seen}: ${[...new Set(failures)].slice(0, 3).join(' | ')}`)
  const after = await restartsByModule(stage)
  const restarted = [...after].filter(
    ([name, count]) => count > (restarts.get(name) ?? 0) && !(mayRestart && name === sick.name),
  )
  expect(restarted.length === 0, `${seen}: restarted: ${restarted.map(([name]) => name).join()}`)
  return seen
}

/** Of all pods of one module. */
export async function restartsOf(stage: Stage, { name }: TestedModule): Promise<number> {
  return (await restartsByModule(stage)).get(name) ?? 0
}

async function restartsByModule({ kubectl }: Stage): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (const { module, restarts } of await kubectl.pods())
    counts.set(module, (counts.get(module) ?? 0) + restarts)
  return counts
}
