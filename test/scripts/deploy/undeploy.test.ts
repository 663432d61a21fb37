import { expect, test } from 'vitest'
import { readUndeployArguments } from '../../../scripts/deploy/arguments.ts'
import { createProgress } from '../../../scripts/deploy/progress.ts'
import { undeploy } from '../../../scripts/deploy/undeploy.ts'
import { writeFleet } from '../../infra/fleet-folder.ts'
import { fakeRun } from './fake-run.ts'
import type { Script } from './fake-run.ts'

const kinds = [
  'configmaps',
  'endpoints',
  'events',
  'persistentvolumeclaims',
  'pods',
  'secrets',
  'services',
  'deployments.apps',
  'replicasets.apps',
  'clusters.postgresql.cnpg.io',
  'servicemonitors.monitoring.coreos.com',
]

async function tryUndeploy(...words: string[]) {
  return tryWith({}, words)
}

async function tryWith(more: Script, words: readonly string[] = []) {
  const root = writeFleet({
    'modules/llm.yaml': 'model_list: []\n',
    'k8s/llm/ollama-service.yaml': 'metadata:\n  labels:\n    module: llm-ollama\n',
  })
  const { run, asked } = fakeRun({
    'kubectl api-resources': kinds.join('\n'),
    'kubectl config current-context': 'lab\n',
    'kubectl get persistentvolumeclaims': 'persistentvolumeclaim/data-postgres-0\n',
    'kubectl get persistentvolumeclaims,secrets': 'secret/llm-keys\n',
    ...more,
  })
  const said: string[] = []
  const args = readUndeployArguments(words, () => undefined)
  if (args)
    await undeploy({
      root,
      run,
      progress: createProgress(
        (line) => said.push(line),
        () => 0,
      ),
      asked: args,
    })
  return {
    deleted: asked.filter((line) => line.startsWith('kubectl delete')),
    said: said.join('\n'),
  }
}

test('everything of ours goes, of every kind the cluster has, but volumes, keys and databases', async () => {
  const { deleted, said } = await tryUndeploy()
  expect(deleted).toEqual([
    'kubectl delete configmaps,services,deployments.apps,servicemonitors.monitoring.coreos.com --selector app.kubernetes.io/part-of=colonnade --ignore-not-found --wait=false --namespace ai-gateway',
  ])
  expect(said).toContain('namespace ai-gateway of lab')
})

test('what was kept is named, and how it is removed', async () => {
  const { said } = await tryUndeploy()
  expect(said).toContain('secret/llm-keys')
  expect(said).toContain('persistentvolumeclaim/data-postgres-0')
  expect(said).toContain('npm run undeploy -- --with-data')
})

test('one module alone takes its model servers along, and nothing of another', async () => {
  const { deleted, said } = await tryUndeploy('--module', 'llm')
  expect(deleted.every((line) => line.includes('module in (llm,llm-ollama)'))).toBe(true)
  expect(said).toContain('npm run undeploy -- --module llm --with-data')
})

test('with data, volumes, keys and our own namespace go too', async () => {
  const { deleted } = await tryUndeploy('--with-data')
  expect(deleted.slice(1)).toEqual([
    'kubectl delete persistentvolumeclaims,secrets,clusters.postgresql.cnpg.io --selector app.kubernetes.io/part-of=colonnade --ignore-not-found --wait=false --namespace ai-gateway',
    'kubectl delete persistentvolumeclaims --selector module in (postgres,prometheus) --ignore-not-found --wait=false --namespace ai-gateway',
    'kubectl delete namespaces --field-selector metadata.name=ai-gateway --selector app.kubernetes.io/part-of=colonnade --ignore-not-found --wait=false',
  ])
})

test('with data, one module loses its keys and leaves the namespace and Postgres alone', async () => {
  const { deleted, said } = await tryUndeploy('--module', 'llm', '--with-data')
  expect(deleted.some((line) => line.includes('namespaces') || line.includes('postgres,'))).toBe(
    false,
  )
  expect(said).toContain('stays in Postgres')
})

test('a kind that this account may not list is passed over, any other refusal is told', async () => {
  const refusal = (stderr: string) => ({
    'kubectl delete': { status: 1, stdout: 'service/a deleted\n', stderr },
  })
  const unlisted =
    'Error from server (Forbidden): leases is forbidden: User "a" cannot list resource "leases"'
  expect((await tryWith(refusal(unlisted))).said).toContain('1 object')
  await expect(tryWith(refusal('Error from server (Forbidden): cannot delete'))).rejects.toThrow(
    'kubectl delete',
  )
})
