import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { askModule } from '../../../scripts/deploy/answers.ts'
import type { AskedModule, ModuleAnswer } from '../../../scripts/deploy/answers.ts'
import { readDeployArguments, UsageError } from '../../../scripts/deploy/arguments.ts'
import { StepError } from '../../../scripts/deploy/command.ts'
import { deploy } from '../../../scripts/deploy/deploy.ts'
import { createProgress, failureLines } from '../../../scripts/deploy/progress.ts'
import { imageName } from '../../../infra/image-tag.ts'
import { writeFleet } from '../../infra/fleet-folder.ts'
import { fakeRun } from './fake-run.ts'
import type { Script } from './fake-run.ts'
import { recordedFacts } from './recorded.ts'

/** A gateway as far as a deploy asks: ready, and with one model for its key. */
async function gatewayPort(): Promise<number> {
  const server = createServer((request, response) => {
    const isReadiness = request.url === '/health/readiness'
    const isKnown = request.headers.authorization?.startsWith('Bearer sk-') ?? false
    response.statusCode = isReadiness || isKnown ? 200 : 401
    response.end(
      JSON.stringify(
        isReadiness ? { status: 'healthy', instance: 'i1' } : { data: [{ id: 'qwen' }] },
      ),
    )
  })
  onTestFinished(() => void server.close())
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

const workload = (kind: string, name: string, module: string, component: string) => ({
  kind,
  metadata: { name, labels: { module, 'app.kubernetes.io/component': component } },
  spec: { replicas: 1 },
  status: { readyReplicas: 1 },
})

const workloads = JSON.stringify({
  items: [
    workload('Deployment', 'llm-gateway', 'llm', 'gateway'),
    workload('Deployment', 'audio-gateway', 'audio', 'gateway'),
    workload('StatefulSet', 'postgres', 'postgres', 'database'),
  ],
})

function nodesOf(name: string, image?: string): string {
  const { nodes } = recordedFacts(name)
  const text = JSON.stringify(nodes)
  return image === undefined
    ? text
    : text.replace('docker.io/library/colonnade-gateway:0a1b2c3d4e5f', image)
}

const ask = async ({ port }: AskedModule): Promise<ModuleAnswer> => ({
  url: `http://192.168.1.20:${port}`,
  models: ['qwen'],
})

interface Setting {
  readonly script?: Script
  readonly words?: readonly string[]
}

/** Two modules, on a node that has their image. */
async function tryDeploy({ script = {}, words = [] }: Setting = {}) {
  const root = writeFleet({
    'modules/llm.yaml':
      'deploy: {node_port: 30100}\nmodel_list: [{model_name: qwen, litellm_params: {model: ollama_chat/q, api_base: "http://h:1"}}]\n',
    'modules/audio.yaml':
      'deploy: {node_port: 30300}\nmodel_list: [{model_name: w, litellm_params: {model: openai/w, api_base: "http://h:2/v1", api_key: none}}]\n',
    'package.json': '{"type": "module"}',
    'package-lock.json': '{}',
  })
  const image = imageName({ image: 'colonnade-gateway' }, root)
  const { run, asked } = fakeRun({
    'kubectl get nodes': nodesOf('containerd', image),
    'kubectl apply': 'configmap/a created\nservice/b unchanged\n',
    'kubectl get deployments,statefulsets': workloads,
    'kubectl rollout status': (line) => ({ stdout: `${line.split(' ')[3]} rolled out\n` }),
    ...script,
  })
  const said: string[] = []
  const args = readDeployArguments(words, (line) => said.push(line))
  if (args === undefined) throw new Error('no arguments')
  const progress = createProgress(
    (line) => said.push(line),
    () => 0,
  )
  const failure = await deploy({ root, run, progress, asked: args, ask }).catch(
    (error: unknown) => error,
  )
  return { root, asked, said, failure }
}

test('an answer is asked for until it comes, and its models are those of the key', async () => {
  const port = await gatewayPort()
  const asked = { hosts: ['127.0.0.1'], port, patienceMs: 500 }
  expect(await askModule({ ...asked, key: 'sk-a' })).toEqual({
    url: `http://127.0.0.1:${port}`,
    models: ['qwen'],
  })
  expect(await askModule({ ...asked, key: 'other' })).toMatchObject({
    fault: 'it does not take the master key of .env',
  })
})

test('what answers on the port and is no gateway is told', async () => {
  const server = createServer((_, response) => response.end('hello'))
  onTestFinished(() => void server.close())
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const answer = await askModule({ hosts: ['127.0.0.1'], port, patienceMs: 1 })
  expect(answer.fault).toContain('answered by something else')
})

test(
  'everything is applied, namespace first, and each workload is waited for',
  { timeout: 60_000 },
  async () => {
    const { root, asked, said, failure } = await tryDeploy({ words: ['--module', 'llm'] })
    expect(failure).toBeUndefined()
    expect(asked.filter((line) => line.startsWith('kubectl apply'))).toEqual([
      'kubectl apply --filename k8s/shared/00-namespace.yaml',
      'kubectl apply --kustomize . --selector module in (shared,postgres,prometheus,llm)',
    ])
    expect(
      asked.filter((line) => line.includes('rollout status')).map((line) => line.split(' ')[3]),
    ).toEqual(['statefulset/postgres', 'deployment/llm-gateway'])
    // The node had the image: nothing was built, nothing loaded.
    expect(asked.some((line) => /buildah|docker|ctr /.test(line))).toBe(false)
    expect(existsSync(join(root, 'k8s/llm/deployment.yaml'))).toBe(true)
    const text = said.join('\n')
    expect(text).toMatch(/✓ apply +0\.0 s {2}2 created, 2 unchanged/)
    expect(text).toMatch(/llm +http:\/\/192\.168\.1\.20:30100 +1\/1 +LLM_MASTER_KEY +qwen/)
    const key = /^LLM_MASTER_KEY=(.+)$/m.exec(readFileSync(join(root, '.env'), 'utf8'))?.[1] ?? ''
    expect(key).toMatch(/^sk-/)
    expect(text).not.toContain(key)
  },
)

test('a failure names the step, the command, its last lines and what to do', async () => {
  const stderr =
    'The Service "llm-gateway" is invalid: spec.ports[0].nodePort: Invalid value: 30100: provided port is already allocated'
  const { said, failure } = await tryDeploy({
    script: { 'kubectl apply --kustomize .': { status: 1, stderr } },
  })
  expect(said.at(-1)).toMatch(/^✗ apply/)
  const lines = failure instanceof StepError ? failureLines(failure).join('\n') : ''
  expect(lines).toContain('kubectl apply --kustomize .')
  expect(lines).toContain('already allocated')
  expect(lines).toContain('Another Service holds node port 30100')
})

test('a workload that is not ready in time comes with the words of its pod, after all others were waited for', async () => {
  const pods = {
    items: [
      {
        metadata: { name: 'postgres-0' },
        status: {
          containerStatuses: [
            { state: { waiting: { reason: 'ErrImagePull', message: 'not found' } } },
          ],
        },
      },
    ],
  }
  const { asked, failure } = await tryDeploy({
    script: {
      'kubectl rollout status statefulset/postgres': {
        status: 1,
        stderr: 'error: timed out waiting for the condition',
      },
      'kubectl get pods': JSON.stringify(pods),
    },
  })
  expect(failure instanceof StepError && failure.said).toContain(
    'postgres-0: ErrImagePull: not found',
  )
  expect(asked.filter((line) => line.includes('rollout status'))).toHaveLength(3)
})

test.each<[string, Script, string]>([
  [
    'no kubectl',
    { 'kubectl get nodes': { status: -1, stderr: 'kubectl is not installed' } },
    'Install kubectl',
  ],
  [
    'no cluster',
    {
      'kubectl get nodes': {
        status: 1,
        stderr: 'The connection to the server 127.0.0.1:6443 was refused',
      },
    },
    'minikube start',
  ],
  [
    'no right',
    {
      'kubectl get nodes': {
        status: 1,
        stderr: 'Error from server (Forbidden): nodes is forbidden',
      },
    },
    'kubectl auth whoami',
  ],
])('%s is the first thing to be told', async (_, script, advice) => {
  const { asked, failure } = await tryDeploy({ script })
  expect(failure instanceof StepError && failure.advice.join('\n')).toContain(advice)
  expect(asked).toHaveLength(1)
})

test('a module that there is not, and an overlay that there is not, change nothing', async () => {
  expect((await tryDeploy({ words: ['--module', 'lmm'] })).failure).toEqual(
    new UsageError('There is no module lmm. Did you mean llm? The modules are: audio, llm.'),
  )
  const { failure, asked } = await tryDeploy({ words: ['--overlay', 'none-such'] })
  expect(failure instanceof StepError && failure.said).toContain('There is no overlays/none-such')
  expect(asked.some((line) => line.startsWith('kubectl apply'))).toBe(false)
})

test('a module file with a fault stops before the cluster is touched', async () => {
  const root = writeFleet({
    'modules/llm.yaml': 'deploy: {replicas: many}\nmodel_list: []\n',
    'package.json': '{}',
    'package-lock.json': '{}',
  })
  const { run, asked } = fakeRun({ 'kubectl get nodes': nodesOf('containerd') })
  const args = readDeployArguments([], () => undefined)
  const progress = createProgress(
    () => undefined,
    () => 0,
  )
  const failure =
    args &&
    (await deploy({ root, run, progress, asked: args, ask }).catch((error: unknown) => error))
  expect(failure instanceof StepError && failure.said).toContain('replicas')
  expect(asked.some((line) => line.startsWith('kubectl apply'))).toBe(false)
})

test.each([
  [['--builder', 'dockr'], '--builder: expected one of docker'],
  [['--timeout', 'soon'], '--timeout: expected a whole number'],
  [['--overlay', '../x'], '--overlay: expected the name of a folder'],
  [['--modul', 'llm'], 'npm run deploy'],
])('%j is refused with what was expected', (words, message) => {
  expect(() => readDeployArguments(words, () => undefined)).toThrow(message)
})
