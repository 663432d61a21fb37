import { clusterName } from '../deploy/cluster.ts'
import type { Facts, Finding } from './facts.ts'
import { listed } from './rule.ts'

/** What people read: what was looked at, then each finding with its evidence and its fix. */
export function reportLines(facts: Facts, findings: readonly Finding[]): string[] {
  return [
    ...seenLines(facts),
    ...findings.flatMap((finding, index) => findingLines(finding, index + 1)),
    '',
    findings.length === 0
      ? facts.inside === undefined
        ? 'Nothing wrong is to be seen from outside.'
        : 'All is well.'
      : `${findings.length} thing${findings.length === 1 ? ' is' : 's are'} wrong.`,
  ]
}

/** The same for programs. */
export function reportJson(facts: Facts, findings: readonly Finding[]): unknown {
  return {
    failures: findings.length,
    findings,
    cluster: facts.cluster && {
      ...facts.cluster,
      nodes: facts.cluster.nodes.map(({ name }) => name),
    },
    modules: facts.modules.map(({ name, workload, wanted, pods, nodePort }) => ({
      name,
      is_deployed: workload === 'there',
      node_port: nodePort,
      pods_wanted: wanted,
      pods_ready: pods.filter(({ isReady }) => isReady).length,
    })),
    not_visible: invisible(facts),
  }
}

function seenLines(facts: Facts): string[] {
  if (facts.cluster === undefined) return []
  const there = facts.modules.filter(({ workload }) => workload === 'there')
  const absent = facts.modules.filter(({ workload }) => workload === 'absent')
  const pods = there.map(
    ({ name, wanted, pods: own }) =>
      `${name} ${own.filter(({ isReady }) => isReady).length}/${wanted}`,
  )
  return [
    `Cluster      ${clusterName(facts.cluster)}`,
    `Modules      ${pods.join(', ') || 'none'}${absent.length > 0 && there.length > 0 ? `; not deployed: ${listed(absent.map(({ name }) => name))}` : ''}`,
    ...(facts.inside === undefined ? [] : [`Asked from   ${facts.inside.from}`]),
    ...invisible(facts).map((line) => `Not visible  ${line}`),
  ]
}

/** What could not be looked at, which is no fault. */
function invisible(facts: Facts): string[] {
  if (facts.cluster === undefined) return []
  return [
    ...(facts.dns.pods.length === 0 ? ['DNS as pods (judged by whether it answers)'] : []),
    ...(facts.proxyPods === undefined
      ? ['kube-proxy as pods (judged by whether Services lead to their pods)']
      : []),
    ...(facts.secrets === undefined ? ['Secrets (this account may not list them)'] : []),
    ...(facts.inside === undefined
      ? [`the network from inside: ${facts.insideSaid ?? 'no pod could be asked'}`]
      : []),
  ]
}

function findingLines({ code, what, evidence, fix }: Finding, number: number): string[] {
  return [
    '',
    `${number}. ${what}  [${code}]`,
    ...evidence.map((line) => `     seen  ${line}`),
    ...fix.map((line, index) => `     ${index === 0 ? 'fix ' : '    '}  ${line}`),
  ]
}
