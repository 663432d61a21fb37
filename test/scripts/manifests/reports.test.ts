import { expect, test } from 'vitest'
import { readCheckov } from '../../../scripts/manifests/checkov.ts'
import { readKubeScore } from '../../../scripts/manifests/kube-score.ts'
import { readKubeconform } from '../../../scripts/manifests/kubeconform.ts'
import type { Rendered } from '../../../scripts/manifests/linter.ts'
import { podsOf, readRefusals } from '../../../scripts/manifests/restricted.ts'
import { standalone } from '../../../scripts/manifests/schemas.ts'
import { judge } from '../../../scripts/manifests/verdict.ts'

const deployment = {
  kind: 'Deployment',
  metadata: { name: 'llm-gateway' },
  spec: { template: { spec: { containers: [] } } },
}
const service = { kind: 'Service', metadata: { name: 'llm-gateway' } }
const rendered: readonly Rendered[] = [
  { name: 'k8s', file: '/tmp/rendered/target-0.yaml', objects: [deployment, service] },
]

test('kubeconform: what does not fit, and what it has no schema of', () => {
  const report = {
    resources: [
      { filename: rendered[0]?.file, kind: 'Service', name: 'a', status: 'statusError', msg: 'no' },
    ],
    summary: { valid: 1, invalid: 0, errors: 1, skipped: 0 },
  }
  expect(readKubeconform(JSON.stringify(report), rendered)).toEqual([
    { target: 'k8s', object: 'Service a', rule: 'schema', text: 'no' },
  ])
})

test.each([
  ['fewer objects than there are', { resources: [], summary: { valid: 1, skipped: 1 } }],
  ['nothing that can be read', undefined],
])('kubeconform: %s is no good news', (_, report) => {
  expect(() => readKubeconform(JSON.stringify(report) ?? 'panic', rendered)).toThrow(/of 2 objects/)
})

test('kube-score: what is critical, and warnings of what is not decided', () => {
  const check = (id: string, grade: number, more: object = {}) => ({
    check: { id },
    grade,
    skipped: false,
    comments: [{ path: 'gateway', summary: 'CPU limit is not set' }],
    ...more,
  })
  const report = [
    {
      type_meta: { kind: 'Deployment' },
      object_meta: { name: 'llm-gateway' },
      checks: [
        check('container-resources', 1),
        check('pod-networkpolicy', 5),
        check('deployment-replicas', 5),
        check('pod-probes', 10),
        check('container-cpu-requests-equal-limits', 0, { skipped: true }),
      ],
    },
  ]
  const found = readKubeScore(JSON.stringify(report), 'k8s')
  expect(found.map(({ rule }) => rule)).toEqual(['container-resources', 'pod-networkpolicy'])
  expect(found[0]).toMatchObject({
    object: 'Deployment llm-gateway',
    text: 'gateway: CPU limit is not set',
  })
  expect(() => readKubeScore('panic: nil', 'k8s')).toThrow('panic')
})

test('checkov: which check of which object of which target', () => {
  const failed = {
    check_id: 'CKV_K8S_8',
    check_name: 'Liveness Probe Should be Configured',
    file_path: '/target-0.yaml',
    resource: 'StatefulSet.ai-gateway.postgres',
  }
  const summary = { resource_count: 2, parsing_errors: 0 }
  const report = { results: { failed_checks: [failed] }, summary }
  expect(readCheckov(JSON.stringify(report), rendered)).toEqual([
    {
      target: 'k8s',
      object: 'StatefulSet postgres',
      rule: 'CKV_K8S_8',
      text: 'Liveness Probe Should be Configured',
    },
  ])
  expect(() => readCheckov('{"passed": 0}', rendered)).toThrow('0 objects')
  const unread = { ...report, summary: { ...summary, parsing_errors: 1 } }
  expect(() => readCheckov(JSON.stringify(unread), rendered)).toThrow('2 objects')
})

test('restricted: the pods of workloads, and refusals by their names', () => {
  const [asked, ...others] = rendered.flatMap(podsOf)
  expect(others).toEqual([])
  expect(asked?.pod).toBe(deployment.spec.template)
  const line = JSON.stringify({ name: asked?.name, reason: 'seccompProfile', detail: 'none' })
  expect(readRefusals(`${line}\n`)).toEqual([
    { target: 'k8s', object: 'Deployment llm-gateway', rule: 'seccompProfile', text: 'none' },
  ])
})

test('an exception takes away what it is about, and is told when nothing needs it', () => {
  const finding = { target: 'k8s', object: 'StatefulSet postgres', rule: 'uid', text: '' }
  const other = { ...finding, object: 'Deployment prometheus' }
  const narrow = { tool: 'a', rule: 'uid', object: 'StatefulSet postgres', why: 'volumes' }
  const idle = { tool: 'a', rule: 'tag', why: 'never' }
  const foreign = { tool: 'b', rule: 'uid', why: 'of another tool' }
  expect(judge('a', [finding, other], [narrow, idle, foreign])).toEqual({
    findings: [other],
    inVain: [idle],
  })
})

test('a packaged schema refers to the file beside it', () => {
  const ref = { $ref: '/api/_definitions.json#/$defs/a' }
  const text = JSON.stringify({ $id: 'https://example.org/api/a', properties: { a: ref } })
  expect(JSON.parse(standalone(text))).toEqual({
    properties: { a: { $ref: '_definitions.json#/$defs/a' } },
  })
})
