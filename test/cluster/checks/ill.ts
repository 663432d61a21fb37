import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { chatAsk, send } from '../asks.ts'
import { expect } from '../check.ts'
import type { Check } from '../check.ts'
import { diagnosed } from '../doctor.ts'
import { isKnownToAll, mountedWithinS, serving, withDocument, withModel } from '../documents.ts'
import { since, until } from '../patience.ts'
import { askEach, untilItAnswers, withoutRestarts } from '../well.ts'
import { untilKeysWork } from './keys.ts'

/** A cluster that lacks something: no gateway restarts, and what can answer answers. */
export const illChecks: readonly Check[] = [
  {
    group: 'ill',
    what: 'Postgres is absent from the start: gateways start, serve, and find it when it comes',
    run: (stage) =>
      withoutRestarts(stage, async () => {
        const { kubectl, fleet, isLong } = stage
        const absentS = isLong ? 300 : 60
        await kubectl.do(['scale', 'statefulset/postgres', '--replicas=0'])
        try {
          await kubectl.do(['wait', 'pod/postgres-0', '--for=delete', '--timeout=120s'])
          const startedAt = performance.now()
          const restarted = fleet.modules.map(({ name }) => `deployment/${name}-gateway`)
          await kubectl.do(['rollout', 'restart', ...restarted])
          for (const path of restarted) await kubectl.rolledOut(path)
          const ready = since(startedAt)
          let asked = 0
          while (performance.now() - startedAt < absentS * 1000) {
            await askEach(stage)
            asked += fleet.modules.length
            await sleep(2000)
          }
          const before = since(startedAt)
          const named = await diagnosed(stage, 'postgres-absent')
          await kubectl.do(['scale', 'statefulset/postgres', '--replicas=1'])
          const backAt = performance.now()
          await kubectl.rolledOut('statefulset/postgres')
          await untilKeysWork(stage)
          return `all ready without it after ${ready}; ${asked} requests in ${before}, 0 failed; ${named}; found again ${since(backAt)} after its return`
        } finally {
          await kubectl.do(['scale', 'statefulset/postgres', '--replicas=1'])
        }
      }),
  },
  {
    group: 'ill',
    what: 'a Secret is missing: its module waits and says for which key, the others answer',
    run: (stage) =>
      withoutRestarts(stage, async () => {
        const { kubectl, fleet } = stage
        const [sick = stage.subject] = stage.others
        const apply = [
          'apply',
          '--filename',
          join(fleet.folder, 'secrets', `${sick.name}-keys.yaml`),
        ]
        await kubectl.do(['delete', 'secret', `${sick.name}-keys`])
        try {
          await kubectl.do(['delete', 'pods', '--selector', `module=${sick.name}`, '--wait=false'])
          const [one] = await until(
            'it says what it waits for',
            async () => {
              const all = await serving(kubectl, sick.name)
              return all.length > 0 && all.every(({ reason }) => reason !== undefined) && all
            },
            { seconds: 120 },
          )
          await sleep(15_000)
          await askEach(stage, sick.name)
          const named = await diagnosed(stage, 'secret-missing')
          await kubectl.do(apply)
          const backAt = performance.now()
          await until(
            'it goes on when the key comes',
            async () => (await serving(kubectl, sick.name)).every(({ isReady }) => isReady),
            { seconds: mountedWithinS },
          )
          await untilItAnswers(stage, sick)
          return `${sick.name}: "${one?.reason?.slice(0, 140)}"; ${named}; ready ${since(backAt)} after the key came`
        } finally {
          await kubectl.do(apply)
        }
      }),
  },
  {
    group: 'ill',
    what: 'a backend that is not there: an error that says so, at once, and all else answers',
    run: (stage) =>
      withoutRestarts(stage, async () => {
        const { kubectl, subject } = stage
        const base = `http://${await stage.host()}:${subject.nodePort}`
        const name = 'astray'
        const change = (text: string): string =>
          withModel(text, name, 'http://no-such-host.invalid:1/v1')
        return withDocument(stage, { module: subject.name, change }, async () => {
          await until(
            'every replica knows the model of that backend',
            () => isKnownToAll(kubectl, subject.name, name),
            { seconds: mountedWithinS, everyMs: 1000 },
          )
          const answer = await send(base, chatAsk(subject.key, 'hello', { model: name }))
          const startedAt = performance.now()
          const again = await send(base, chatAsk(subject.key, 'hello', { model: name }))
          const took = since(startedAt)
          expect(
            answer.status >= 500 && again.status >= 429,
            `answered ${answer.status} ${answer.text}, then ${again.status} ${again.text}`,
          )
          expect(!again.text.includes('no-such-host'), `it shows the address: ${again.text}`)
          await askEach(stage)
          const named = await diagnosed(stage, 'backend-name-unknown')
          return `${answer.status} ${answer.text.slice(0, 120)}, then ${again.status} within ${took}; all else answers; ${named}`
        })
      }),
  },
]
