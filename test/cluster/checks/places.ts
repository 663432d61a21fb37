import { listAt, textAt } from '../../../scripts/deploy/read-json.ts'
import { expect } from '../check.ts'
import type { Check, Stage } from '../check.ts'
import { diagnosed } from '../doctor.ts'
import { withFault } from '../faults.ts'
import { madeBy } from '../label.ts'
import { since, until } from '../patience.ts'
import { askEach, untilItAnswers, withoutRestarts } from '../well.ts'

/** There is no room: no port for a Service, no disk for a pod. */
export const placeChecks: readonly Check[] = [
  {
    group: 'ill',
    what: 'a foreign Service holds a node port: the apply says so, the others are served',
    run: (stage) => withoutRestarts(stage, () => besideForeignService(stage)),
  },
  {
    group: 'ill',
    what: "the node's disk is full: what runs goes on, what is new waits for room",
    run: (stage) => withoutRestarts(stage, () => onFullDisk(stage)),
  },
]

async function besideForeignService(stage: Stage): Promise<string> {
  const { kubectl, fleet } = stage
  const sick = stage.others.at(-1) ?? stage.subject
  const apply = ['apply', '--kustomize', fleet.kustomization]
  await kubectl.do(['delete', 'service', `${sick.name}-gateway`])
  try {
    await kubectl.apply(foreignService(fleet.namespace, sick.nodePort))
    const said = await kubectl.try(apply)
    expect(
      said.status !== 0 && said.stderr.includes('already allocated'),
      `the apply ended with ${said.status}: ${said.stderr}`,
    )
    expect(said.stderr.includes(String(sick.nodePort)), `it does not name the port: ${said.stderr}`)
    await askEach(stage, sick.name)
    const named = await diagnosed(stage, 'node-port-taken')
    await kubectl.do(['delete', 'service', foreignName])
    const freeAt = performance.now()
    await kubectl.do(apply)
    await untilItAnswers(stage, sick)
    return `${sick.name}: "${refusal(said.stderr)}"; the others answer; ${named}; served ${since(freeAt)} after the port was free`
  } finally {
    await kubectl.do(['delete', 'service', foreignName, '--ignore-not-found'])
    await kubectl.do(apply)
  }
}

const foreignName = 'test-foreign'

function foreignService(namespace: string, nodePort: number): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: foreignName, namespace, labels: madeBy },
    spec: { type: 'NodePort', selector: { app: foreignName }, ports: [{ port: 80, nodePort }] },
  }
}

function refusal(said: string): string {
  return /spec\.ports.*/.exec(said)?.[0].slice(0, 120) ?? said.trim().slice(0, 120)
}

async function onFullDisk(stage: Stage): Promise<string> {
  const { kubectl, subject } = stage
  const path = `deployment/${subject.name}-gateway`
  try {
    const said = await withFault('disk-pressure', async () => {
      const startedAt = performance.now()
      await until('the node keeps pods away', () => isMarked(stage), { seconds: 60 })
      const marked = since(startedAt)
      await kubectl.do(['scale', path, `--replicas=${subject.replicas + 1}`])
      const waiting = await until(
        'a new pod finds no node',
        async () => {
          const pods = await kubectl.standing(subject.name)
          return pods.length > subject.replicas && pods.find((pod) => pod.node === '')
        },
        { seconds: 60 },
      )
      await askEach(stage)
      const pods = await kubectl.standing(subject.name)
      const ready = pods.filter(({ isReady }) => isReady).length
      expect(ready === subject.replicas, `${ready} of ${subject.replicas} pods are ready`)
      return `marked after ${marked}; ${waiting.name} waits, ${ready} pods serve, all modules answer; ${await diagnosed(stage, 'node-pressure')}`
    })
    const freeAt = performance.now()
    await kubectl.rolledOut(path)
    return `${said}; the waiting pod is ready ${since(freeAt)} after there is room`
  } finally {
    await kubectl.do(['scale', path, `--replicas=${subject.replicas}`])
    await kubectl.rolledOut(path)
  }
}

async function isMarked({ kubectl }: Stage): Promise<boolean> {
  const nodes = listAt(await kubectl.json('get', 'nodes'), 'items')
  return nodes.every((node) =>
    listAt(node, 'spec', 'taints').some(
      (taint) => textAt(taint, 'key') === 'node.kubernetes.io/disk-pressure',
    ),
  )
}
