import { listAt, parseJson, textAt } from '../../../scripts/deploy/read-json.ts'
import { chatAsk, get, requestTo, send } from '../asks.ts'
import { expect } from '../check.ts'
import type { Check, Stage } from '../check.ts'
import { foundWell } from '../doctor.ts'
import { since, until } from '../patience.ts'
import { untilKeysWork } from './keys.ts'

/** Where the modules answer, and what Prometheus learns of it. */
export const reachChecks: readonly Check[] = [
  {
    group: 'reach',
    what: 'every node port answers from here',
    run: async (stage) => {
      const host = await stage.host()
      const said: string[] = []
      for (const module of stage.fleet.modules) {
        const base = `http://${host}:${module.nodePort}`
        const answer = await send(base, requestTo(module))
        expect(answer.status === 200, `${base}: ${answer.status} ${answer.text.slice(0, 200)}`)
        said.push(`${module.name} :${module.nodePort}`)
      }
      const { prometheusPort } = stage.fleet
      const ready = await send(`http://${host}:${prometheusPort}`, get('/-/ready'))
      expect(ready.status === 200, `Prometheus on ${prometheusPort}: ${ready.status} ${ready.text}`)
      return `${said.join(', ')}, prometheus :${prometheusPort}`
    },
  },
  {
    group: 'reach',
    what: 'npm run doctor of a fleet that is well',
    run: async (stage) => {
      await untilKeysWork(stage)
      return foundWell(stage)
    },
  },
  {
    group: 'reach',
    what: 'a pod reaches each module by the name of its Service',
    run: async ({ kubectl, fleet, subject }) => {
      const names = fleet.modules.map(
        ({ name }) => `http://${name}-gateway.${fleet.namespace}:4000/health/readiness`,
      )
      const script = `const said = []; for (const url of ${JSON.stringify(names)}) said.push((await fetch(url)).status); console.log(said.join(' '))`
      const statuses = await kubectl.node(`deploy/${subject.name}-gateway`, script)
      expect(
        statuses === names.map(() => '200').join(' '),
        `${names.join(' ')} answered ${statuses}`,
      )
      return `${names.length} names, ${statuses}`
    },
  },
  {
    group: 'reach',
    what: 'Prometheus shows the requests that were just sent, by module',
    run: async (stage) => {
      const { subject } = stage
      const base = `http://${await stage.host()}:${subject.nodePort}`
      const before = await requestsSeen(stage)
      const startedAt = performance.now()
      const count = 20
      for (let index = 0; index < count; index += 1) {
        const { status, text } = await send(base, chatAsk(subject.key, 'hello'))
        expect(status === 200, `${status} ${text}`)
      }
      const after = await until(
        `litellm_requests_total{module="${subject.name}"} grows by ${count}`,
        async () => {
          const seen = await requestsSeen(stage)
          return seen >= before + count && seen
        },
        { seconds: 120 },
      )
      return `${before} → ${after} after ${since(startedAt)}`
    },
  },
]

async function requestsSeen({ host, subject, fleet }: Stage): Promise<number> {
  const query = encodeURIComponent(`sum(litellm_requests_total{module="${subject.name}"})`)
  const base = `http://${await host()}:${fleet.prometheusPort}`
  const { text } = await send(base, get(`/api/v1/query?query=${query}`))
  const [found] = listAt(parseJson(text), 'data', 'result')
  return Number(textAt(found, 'value', 1) ?? 0)
}
