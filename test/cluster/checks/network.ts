import { listAt, textAt } from '../../../scripts/deploy/read-json.ts'
import { chatAsk, send } from '../asks.ts'
import { expect } from '../check.ts'
import type { Check, Stage } from '../check.ts'
import { diagnosed } from '../doctor.ts'
import { mountedWithinS, withDocument, withModel } from '../documents.ts'
import { withFault } from '../faults.ts'
import type { ClusterFault } from '../faults.ts'
import { since, until } from '../patience.ts'
import { upstreamName, upstreamPort } from '../upstream.ts'
import { untilKeysWork } from './keys.ts'

/** The cluster's own network is ill; only where there is somebody to make it so. */
export const networkChecks: readonly Check[] = [
  {
    group: 'ill',
    what: 'no name resolves: gateways start, and what has an address answers',
    run: (stage) => inBrokenNetwork(stage, 'dns-dead'),
  },
  {
    group: 'ill',
    what: 'no cluster address is reached by pods: gateways start, and what is not behind one answers',
    run: (stage) => inBrokenNetwork(stage, 'cluster-ip'),
  },
]

/** Starts every gateway anew in it; a model at a pod's own address needs neither names nor cluster addresses. */
async function inBrokenNetwork(
  stage: Stage,
  fault: Exclude<ClusterFault, 'disk-pressure'>,
): Promise<string> {
  const { kubectl, subject, fleet } = stage
  const pod = await kubectl.json('get', 'pods', '--selector', `module=${upstreamName}`)
  const address = textAt(listAt(pod, 'items')[0], 'status', 'podIP')
  expect(address !== undefined, 'the model server of the tests has no address')
  const name = 'by-address'
  const change = (text: string): string =>
    withModel(text, name, `http://${address}:${upstreamPort}/v1`)
  const base = `http://${await stage.host()}:${subject.nodePort}`
  const ask = chatAsk(subject.key, 'hello', { model: name })
  return withDocument(stage, { module: subject.name, change }, async () => {
    const said = await withFault(fault, async () => {
      const startedAt = performance.now()
      const paths = fleet.modules.map((module) => `deployment/${module.name}-gateway`)
      await kubectl.do(['rollout', 'restart', ...paths])
      for (const path of paths) await kubectl.rolledOut(path)
      const ready = since(startedAt)
      // A pod that begins may still be given the document before the change, or one that goes be asked.
      const answer = await until(
        'the changed document is served',
        async () => {
          const heard = await send(base, ask)
          return heard.status !== 404 && heard
        },
        { seconds: mountedWithinS },
      )
      expect(answer.status === 200, `by address: ${answer.status} ${answer.text}`)
      return `all ready in it after ${ready}, a model by address answers, ${await diagnosed(stage, fault)}`
    })
    const mendedAt = performance.now()
    await untilKeysWork(stage)
    const pods = await kubectl.pods('app.kubernetes.io/component=gateway')
    const restarts = pods.reduce((sum, one) => sum + one.restarts, 0)
    expect(restarts === 0, `${said}; ${restarts} restarts`)
    return `${said}; Postgres found ${since(mendedAt)} after its end; 0 restarts`
  })
}
