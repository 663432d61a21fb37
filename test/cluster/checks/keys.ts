import { parseJson, textAt } from '../../../scripts/deploy/read-json.ts'
import { get, post, requestTo, send } from '../asks.ts'
import { expect } from '../check.ts'
import type { Check, Stage } from '../check.ts'
import type { TestedModule } from '../fleet-folder.ts'
import { since, until } from '../patience.ts'

const revokedWithinMs = 2000
/** On connections of their own: no replica of two is missed by that many. */
const asksOfAll = 24

/** Keys that modules share, and the Postgres that holds them. */
export const keyChecks: readonly Check[] = [
  {
    group: 'keys',
    what: 'a virtual key of one module opens another, and is revoked on every replica within 2 s',
    run: async (stage) => {
      const host = await stage.host()
      const [other = stage.subject] = stage.others
      const maker = `http://${host}:${stage.subject.nodePort}`
      await untilKeysWork(stage)
      const key = await makeKey(maker, stage.subject.key)
      const madeAt = performance.now()
      await opensBoth(stage, [other, stage.subject], key)
      const opened = since(madeAt)
      const removal = await send(maker, post('/key/delete', stage.subject.key, { keys: [key] }))
      expect(removal.status === 200, `/key/delete: ${removal.status} ${removal.text}`)
      const revokedAt = performance.now()
      const lasts = await Promise.all(
        [stage.subject, other].map(async (module) => {
          await until(
            `${module.name} refuses the key`,
            async () => isAll(await askAll(host, module, key), 401),
            {
              seconds: 15,
              everyMs: 50,
            },
          )
          return `${module.name} ${Math.round(performance.now() - revokedAt)} ms`
        }),
      )
      const tookMs = performance.now() - revokedAt
      expect(tookMs < revokedWithinMs, `refused everywhere only after ${lasts.join(', ')}`)
      return `opened both after ${opened}; refused by all: ${lasts.join(', ')}`
    },
  },
  {
    group: 'data',
    what: 'what Postgres holds survives its pod, and gateways serve meanwhile',
    run: async (stage) => {
      const { kubectl, subject } = stage
      const base = `http://${await stage.host()}:${subject.nodePort}`
      await untilKeysWork(stage)
      const key = await makeKey(base, subject.key)
      const startedAt = performance.now()
      await kubectl.do(['delete', 'pod', 'postgres-0', '--wait=true'])
      const meanwhile = await send(base, requestTo(subject))
      expect(meanwhile.status === 200, `meanwhile: ${meanwhile.status} ${meanwhile.text}`)
      await kubectl.rolledOut('statefulset/postgres')
      await untilKeysWork(stage)
      const took = since(startedAt)
      const info = await send(base, get(`/key/info?key=${key}`, subject.key))
      expect(info.status === 200, `/key/info: ${info.status} ${info.text}`)
      await send(base, post('/key/delete', subject.key, { keys: [key] }))
      return `the key is known to the new pod, after ${took}`
    },
  },
]

/** Until every pod of ours has Postgres, and hears of changed keys. */
export async function untilKeysWork({ kubectl, fleet }: Stage): Promise<void> {
  await until(
    'all gateways have Postgres',
    async () => {
      const pods = (await kubectl.pods('app.kubernetes.io/component=gateway')).filter(
        ({ isGoing }) => !isGoing,
      )
      const said = await Promise.all(
        pods.map(({ name }) => kubectl.proxied(`pods/${name}:4000`, '/health/readiness')),
      )
      return (
        pods.length >= fleet.modules.length &&
        said.every(
          (one) => textAt(one, 'db') === 'connected' && textAt(one, 'virtual_keys') === 'listening',
        )
      )
    },
    { seconds: 120 },
  )
}

/** Until a key opens each of them, on every replica. */
export async function opensBoth(
  stage: Stage,
  modules: readonly TestedModule[],
  key: string,
): Promise<void> {
  const host = await stage.host()
  for (const module of modules)
    await until(
      `the key opens ${module.name}`,
      async () => isAll(await askAll(host, module, key), 200),
      { seconds: 10, everyMs: 100 },
    )
}

export async function makeKey(base: string, masterKey: string): Promise<string> {
  const made = await send(base, post('/key/generate', masterKey, {}))
  const key = textAt(parseJson(made.text), 'key')
  expect(key !== undefined, `/key/generate: ${made.status} ${made.text}`)
  return key
}

/** Statuses of requests on connections of their own, so that every replica is asked. */
async function askAll(host: string, module: TestedModule, key: string): Promise<number[]> {
  const asks = Array.from({ length: asksOfAll }, () =>
    send(`http://${host}:${module.nodePort}`, requestTo({ ...module, key })),
  )
  return (await Promise.all(asks)).map(({ status }) => status)
}

const isAll = (statuses: readonly number[], wanted: number): boolean =>
  statuses.every((status) => status === wanted)
