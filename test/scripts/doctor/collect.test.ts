import { describe, expect, test } from 'vitest'
import type { Question } from '../../../gateway/doctor/question.ts'
import type { Run } from '../../../scripts/deploy/command.ts'
import { collectFacts } from '../../../scripts/doctor/collect.ts'
import { diagnose } from '../../../scripts/doctor/diagnose.ts'
import { reportJson, reportLines } from '../../../scripts/doctor/report.ts'
import { writeFleet } from '../../infra/fleet-folder.ts'
import { fakeRun } from '../deploy/fake-run.ts'
import type { Script } from '../deploy/fake-run.ts'
import { recordedFacts } from '../deploy/recorded.ts'

const ready = {
  conditions: [
    { type: 'Ready', status: 'True' },
    { type: 'PodScheduled', status: 'True' },
  ],
}

function podOf(name: string, module: string, ip: string, port: number) {
  return {
    kind: 'Pod',
    metadata: { name, labels: { module } },
    spec: {
      containers: [
        { name: 'gateway', image: 'colonnade-gateway:1a', ports: [{ containerPort: port }] },
      ],
    },
    status: {
      phase: 'Running',
      podIP: ip,
      hostIP: '10.0.3.1',
      ...ready,
      containerStatuses: [{ restartCount: 0, state: { running: {} } }],
    },
  }
}

function deploymentOf(module: string) {
  const env = [{ name: 'BACKEND_HOST', valueFrom: { fieldRef: { fieldPath: 'status.hostIP' } } }]
  const volumes = [{ name: 'secrets', secret: { secretName: `${module}-keys` } }]
  return {
    kind: 'Deployment',
    metadata: { name: `${module}-gateway` },
    spec: {
      replicas: 1,
      template: { spec: { volumes, containers: [{ image: 'colonnade-gateway:1a', env }] } },
    },
  }
}

function serviceOf(name: string, clusterIP: string, port: number, nodePort?: number) {
  return {
    kind: 'Service',
    metadata: { name, namespace: 'ai-gateway' },
    spec: { clusterIP, ports: [{ port, nodePort }] },
  }
}

const ours = {
  items: [
    deploymentOf('audio'),
    deploymentOf('llm'),
    podOf('audio-1', 'audio', '10.244.0.3', 4000),
    podOf('llm-1', 'llm', '10.244.0.4', 4000),
    podOf('postgres-0', 'postgres', '10.244.0.5', 5432),
    { kind: 'StatefulSet', metadata: { name: 'postgres' }, spec: { replicas: 1 } },
    serviceOf('audio-gateway', '10.96.1.1', 4000, 30300),
    serviceOf('llm-gateway', '10.96.1.2', 4000, 30100),
    serviceOf('postgres', '10.96.1.3', 5432),
  ],
}

const services = {
  items: [
    {
      metadata: { name: 'kubernetes', namespace: 'default' },
      spec: { clusterIP: '10.96.0.1', ports: [{ port: 443 }] },
    },
    {
      metadata: { name: 'kube-dns', namespace: 'kube-system' },
      spec: { clusterIP: '10.96.0.10', ports: [{ port: 53 }] },
    },
    ...ours.items.filter(({ kind }) => kind === 'Service'),
  ],
}

const dnsSlices = {
  items: [
    {
      endpoints: [{ addresses: ['10.250.0.1'] }],
      ports: [
        { port: 10053, protocol: 'TCP' },
        { port: 10053, protocol: 'UDP' },
      ],
    },
  ],
}
const apiSlices = { items: [{ endpoints: [{ addresses: ['10.0.3.1'] }], ports: [{ port: 6443 }] }] }
const readiness = JSON.stringify({ status: 'healthy', db: 'connected', instance: 'x' })

const script: Script = {
  'kubectl get nodes': JSON.stringify(recordedFacts('remote').nodes),
  'kubectl get namespace ai-gateway': '{"metadata": {"name": "ai-gateway"}}',
  'kubectl get deployments,': JSON.stringify(ours),
  'kubectl get secrets':
    'audio-keys DATABASE_URL LITELLM_MASTER_KEY SALT_KEY\nllm-keys DATABASE_URL LITELLM_MASTER_KEY SALT_KEY\npostgres POSTGRES_PASSWORD\n',
  'kubectl get services --all-namespaces': JSON.stringify(services),
  'kubectl get endpointslices --namespace=kube-system': JSON.stringify(dnsSlices),
  'kubectl get endpointslices --namespace=default': JSON.stringify(apiSlices),
  'kubectl get --raw': readiness,
}

/** A cluster where everything that is asked for from inside answers, but for what is shut. */
async function collect({ shut = [], more = {} }: { shut?: readonly string[]; more?: Script } = {}) {
  const root = writeFleet({
    'modules/audio.yaml':
      'deploy: {node_port: 30300}\nmodel_list: [{model_name: w, litellm_params: {model: openai/w, api_base: "http://${BACKEND_HOST}:8000/v1", api_key: none}}]\n',
    'modules/llm.yaml':
      'deploy: {node_port: 30100}\nmodel_list: [{model_name: q, litellm_params: {model: openai/q, api_base: "https://models.example/v1", api_key: none}}]\n',
    'package.json': '{}',
    'package-lock.json': '{}',
  })
  const { run, asked } = fakeRun({ ...script, ...more })
  const questions: Question[] = []
  const answering: Run = async (command, options) => {
    const isExec =
      command[1] === 'exec' &&
      !Object.keys(more).some((start) => command.join(' ').startsWith(start))
    if (!isExec) return run(command, options)
    asked.push(command.join(' '))
    const question: Question = JSON.parse(options?.input ?? '')
    questions.push(question)
    const isShut = (id: string) => shut.includes(id) || shut.includes(`${command[5]} ${id}`)
    const examination = {
      nameServers: ['10.96.0.10'],
      asked: Object.fromEntries(
        question.ask.map(({ id }) => [
          id,
          isShut(id) ? { isAnswered: false, code: 'ETIMEDOUT' } : { isAnswered: true },
        ]),
      ),
      reached: Object.fromEntries(
        question.reach.map(({ id, host }) => [
          id,
          isShut(id)
            ? { isOpen: false, addresses: [host], code: 'ETIMEDOUT' }
            : { isOpen: true, addresses: [host] },
        ]),
      ),
    }
    return { status: 0, stdout: `a warning\n${JSON.stringify(examination)}\n`, stderr: '' }
  }
  return { facts: await collectFacts(answering, root), asked, question: questions[0] }
}

test('a pod is asked for DNS, Services and what is behind them, and model servers; never for its own Service', async () => {
  const { question } = await collect()
  expect(
    question?.ask.map(({ id, server, port, transport }) => [id, server, port, transport]),
  ).toEqual([
    ['udp', '10.96.0.10', 53, 'udp'],
    ['tcp', '10.96.0.10', 53, 'tcp'],
    ['10.250.0.1:10053', '10.250.0.1', 10053, 'udp'],
  ])
  expect(question?.reach.map(({ id, host, port }) => `${id} ${host} ${port}`)).toEqual([
    'look-up kubernetes.default 443',
    'service kubernetes 10.96.0.1 443',
    'endpoint kubernetes 10.0.3.1 6443',
    'service postgres 10.96.1.3 5432',
    'endpoint postgres 10.244.0.5 5432',
    'service llm 10.96.1.2 4000',
    'endpoint llm 10.244.0.4 4000',
    'backend 10.0.3.1:8000 10.0.3.1 8000',
    'backend models.example:443 models.example 443',
  ])
})

test('where all of it answers nothing is wrong', async () => {
  const { facts } = await collect()
  expect(diagnose(facts)).toEqual([])
  expect(reportLines(facts, []).at(-1)).toBe('All is well.')
})

test('a pod that is told to ask other name servers is not asked for a name of the cluster', async () => {
  const items = ours.items.map((item) => ({
    ...item,
    ...('spec' in item && { spec: { ...item.spec, dnsPolicy: 'Default' } }),
  }))
  const { facts, question } = await collect({
    shut: ['look-up'],
    more: { 'kubectl get deployments,': JSON.stringify({ items }) },
  })
  expect(question?.reach.map(({ id }) => id)).not.toContain('look-up')
  expect(diagnose(facts)).toEqual([])
})

describe('a model server that does not let in the pod that asks', () => {
  const id = 'models.example:443'

  test('is no fault where it lets its own module in', async () => {
    const { facts, asked } = await collect({ shut: [`audio-1 backend ${id}`] })
    expect(diagnose(facts)).toEqual([])
    expect(asked.some((line) => line.includes('exec') && line.includes(' llm-1 '))).toBe(true)
  })

  test('is one where its own module is kept out, too', async () => {
    const { facts } = await collect({ shut: [`audio-1 backend ${id}`, `llm-1 ${id}`] })
    expect(diagnose(facts).map(({ code }) => code)).toEqual(['backend-silent'])
  })
})

test('only the names of keys are asked of Secrets, and the cluster is only looked at', async () => {
  const { asked } = await collect()
  expect(
    asked.filter((line) => line.includes('secrets')).every((line) => line.includes('go-template')),
  ).toBe(true)
  expect(asked.filter((line) => !/^kubectl (get|logs|exec) /.test(line))).toEqual([])
})

describe('what is shut is found by what it means', () => {
  test.each([
    [['udp', 'tcp', '10.250.0.1:10053'], 'dns-dead'],
    [['service postgres', 'service llm', 'udp', 'tcp'], 'cluster-ip'],
    [['service postgres', 'endpoint postgres'], 'pod-blocked'],
    [['backend 10.0.3.1:8000'], 'backend-silent'],
  ])('%j', async (shut, code) => {
    const { facts } = await collect({ shut })
    expect(diagnose(facts).map((finding) => finding.code)).toEqual([code])
  })
})

test('a gateway that is not ready is asked from inside, and its own words are shown', async () => {
  const items = ours.items.map((item) =>
    item.metadata.name === 'llm-1'
      ? { ...item, status: { ...('status' in item ? item.status : {}), conditions: [] } }
      : item,
  )
  const heard = `HTTP/1.1 503 x\r\na: b\r\n\r\n${JSON.stringify({ status: 'unhealthy', db: 'connected', reason: 'modules/llm.yaml:3 config: expected a list' })}`
  const self = JSON.stringify({
    nameServers: [],
    asked: {},
    reached: { self: { isOpen: true, addresses: [], heard } },
  })
  const { facts } = await collect({
    more: {
      'kubectl get deployments,': JSON.stringify({ items }),
      'kubectl exec --stdin --namespace ai-gateway llm-1': self,
    },
  })
  expect(diagnose(facts)).toMatchObject([
    { code: 'config-refused', evidence: ['llm-1: modules/llm.yaml:3 config: expected a list'] },
  ])
})

test('where no pod can be asked, that is said, and is no finding', async () => {
  const { facts } = await collect({
    more: {
      'kubectl exec': { status: 1, stderr: 'error: unable to upgrade connection' },
      'kubectl run': { status: 1, stderr: 'pods is forbidden' },
    },
  })
  expect(diagnose(facts)).toEqual([])
  expect(JSON.stringify(reportJson(facts, []))).toContain('pods is forbidden')
})

test('a cluster that does not answer is told with its own words', async () => {
  const { facts } = await collect({
    more: { 'kubectl get nodes': { status: 1, stderr: 'connection refused' } },
  })
  const findings = diagnose(facts)
  expect(findings).toMatchObject([{ code: 'api-unreachable', evidence: ['connection refused'] }])
  expect(reportLines(facts, findings).at(-1)).toBe('1 thing is wrong.')
})
