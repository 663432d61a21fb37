import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { textAt } from '../../../scripts/deploy/read-json.ts'
import { requestTo, send } from '../asks.ts'
import { expect } from '../check.ts'
import type { Check, Stage } from '../check.ts'
import { upstreamName } from '../upstream.ts'
import { since, until } from '../patience.ts'

const readyWithinS = 300

/** From an empty namespace to modules that are ready, as the README says it. */
export const applyChecks: readonly Check[] = [
  {
    group: 'apply',
    what: 'an empty cluster gets a fleet that is ready',
    fleet: 'makes',
    run: async ({ kubectl, fleet }) => {
      const startedAt = performance.now()
      await kubectl.do(['apply', '--kustomize', fleet.kustomization])
      const applied = since(startedAt)
      const waits = [
        'statefulset/postgres',
        'deployment/prometheus',
        `deployment/${upstreamName}`,
        ...fleet.modules.map(({ name }) => `deployment/${name}-gateway`),
      ].map(async (path) => {
        await kubectl.rolledOut(path, readyWithinS)
        return `${path.split('/')[1]} ${since(startedAt)}`
      })
      const ready = await Promise.all(waits)
      return `applied ${applied}; ready: ${ready.join(', ')}`
    },
  },
  {
    group: 'apply',
    what: 'every pod is admitted under restricted, and none has restarted',
    run: async ({ kubectl, fleet }) => {
      const space = await kubectl.json('get', 'namespace', fleet.namespace)
      const level = textAt(space, 'metadata', 'labels', 'pod-security.kubernetes.io/enforce')
      expect(level === 'restricted', `the namespace enforces ${level}`)
      const said = await kubectl.do([
        'label',
        '--dry-run=server',
        '--overwrite',
        'namespace',
        fleet.namespace,
        'pod-security.kubernetes.io/enforce=restricted',
        'pod-security.kubernetes.io/enforce-version=latest',
      ])
      expect(!/violate/i.test(said), said)
      const pods = await kubectl.pods()
      const restarted = pods.filter(({ restarts }) => restarts > 0)
      expect(
        restarted.length === 0,
        restarted.map(({ name, restarts }) => `${name}: ${restarts}`).join(', '),
      )
      return `${pods.length} pods, 0 restarts`
    },
  },
  {
    group: 'apply',
    what: 'pods, logs, scale and restart go by the names of the README',
    run: async ({ kubectl, subject, fleet }) => {
      const selector = `module=${subject.name}`
      const path = `deployment/${subject.name}-gateway`
      const pods = await kubectl.standing(subject.name)
      expect(pods.length === subject.replicas, `${pods.length} pods, not ${subject.replicas}`)
      const log = await kubectl.do(['logs', '--selector', selector, '--prefix', '--tail=5'])
      expect(log.includes(`${subject.name}-gateway`), 'the log says nothing')
      const startedAt = performance.now()
      await kubectl.do(['scale', `deploy/${subject.name}-gateway`, `--replicas=${more(subject)}`])
      await kubectl.do([
        'wait',
        'pods',
        '--selector',
        selector,
        '--for=condition=Ready',
        '--timeout=120s',
      ])
      await kubectl.rolledOut(path)
      const scaled = since(startedAt)
      await kubectl.do(['apply', '--kustomize', fleet.kustomization])
      await kubectl.rolledOut(path)
      const back = await kubectl.standing(subject.name)
      expect(back.length === subject.replicas, 'the next apply does not set the number back')
      return `${pods.length} → ${more(subject)} replicas in ${scaled}, and back by an apply`
    },
  },
  {
    group: 'apply',
    what: 'one module goes and comes back alone',
    run: async ({ kubectl, fleet, host, others: [other] }) => {
      if (other === undefined) return 'there is but one module'
      const folder = join(fleet.folder, 'k8s', other.name)
      const shared = join(fleet.folder, 'k8s', 'shared')
      expect(existsSync(folder), `there is no ${folder}`)
      const before = (await kubectl.pods()).filter(({ isGoing }) => !isGoing)
      const startedAt = performance.now()
      await kubectl.do(['delete', '--filename', folder, '--wait=true'])
      await until(
        'its pods are gone',
        async () => isEmpty(await kubectl.pods(`module=${other.name}`)),
        {
          seconds: 120,
        },
      )
      await kubectl.do(['apply', '--filename', shared])
      await kubectl.do(['apply', '--kustomize', join(fleet.folder, 'secrets')])
      await kubectl.do(['apply', '--filename', folder])
      await kubectl.rolledOut(`deployment/${other.name}-gateway`)
      // So that it can be told by its label what the tests made.
      await kubectl.do(['apply', '--kustomize', fleet.kustomization])
      const answer = await send(`http://${await host()}:${other.nodePort}`, requestTo(other))
      expect(answer.status === 200, `${other.name} answers ${answer.status} ${answer.text}`)
      const took = since(startedAt)
      const after = new Set((await kubectl.pods()).map(({ name }) => name))
      const gone = before.filter(({ name, module }) => module !== other.name && !after.has(name))
      expect(gone.length === 0, `pods of others went too: ${gone.map(({ name }) => name).join()}`)
      return `${other.name} deleted and applied again in ${took}, and answers; no other pod changed`
    },
  },
]

const more = ({ replicas }: Stage['subject']): number => replicas + 2

const isEmpty = (list: readonly unknown[]): boolean => list.length === 0
