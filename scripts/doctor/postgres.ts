import type { PodFacts, PostgresFacts, ReadinessFacts } from './facts.ts'
import type { Rule } from './rule.ts'
import { isFresh, isStarting, listed, nameless, placeless } from './rule.ts'

/** There is no Postgres to speak to. */
const postgresAbsent: Rule = ({ postgres, modules, namespace }, found) => {
  if (postgres === undefined || modules.every(({ workload }) => workload === 'absent')) return []
  const { pods, isWorkloadThere, wanted } = postgres
  if (isWorkloadThere && pods.some(({ isReady }) => isReady)) return []
  if (isWorkloadThere && isExplained(pods, wanted, found)) return []
  return [
    {
      code: 'postgres-absent',
      what: 'Postgres is not there. Gateways serve without it; keys made by people, budgets and usage wait for it.',
      evidence: absence(postgres),
      fix: !isWorkloadThere
        ? ['npm run deploy']
        : wanted === 0
          ? [`kubectl scale --namespace ${namespace} statefulset/postgres --replicas=1`]
          : [
              `kubectl logs --namespace ${namespace} postgres-0 --all-containers --tail=30`,
              `kubectl describe pod --namespace ${namespace} postgres-0`,
            ],
    },
  ]
}

function isExplained(
  pods: readonly PodFacts[],
  wanted: number,
  found: Parameters<Rule>[1],
): boolean {
  if (wanted === 0) return false
  if (pods.length === 0) return found.has(...placeless)
  return pods.every(
    (pod) =>
      pod.unschedulable !== undefined ||
      isStarting(pod) ||
      (/Image/.test(pod.waiting ?? '') && found.has('image-missing')) ||
      (found.has('secret-missing') &&
        (pod.mountFault !== undefined || pod.waiting !== 'CrashLoopBackOff')) ||
      pod.reason === 'Evicted' ||
      found.has('node-not-ready'),
  )
}

function absence({ pods, isWorkloadThere, wanted }: PostgresFacts): string[] {
  if (!isWorkloadThere) return ['There is no StatefulSet postgres.']
  if (wanted === 0) return ['Its StatefulSet is scaled to 0.']
  if (pods.length === 0) return ['Its StatefulSet has made no pod.']
  return pods.map(
    ({ name, phase, waiting, restarts, lastExit, mountFault }) =>
      `${name}: ${mountFault ?? waiting ?? `${phase}, not ready`}${restarts > 0 ? `, ${restarts} restarts` : ''}${lastExit ? `, ended by ${lastExit.reason} (${lastExit.code})` : ''}`,
  )
}

/** Postgres is there, and does not let the gateways in. */
const postgresRefusing: Rule = ({ postgres, modules }, found) => {
  if (found.has('postgres-absent', 'pod-blocked', ...nameless, ...placeless)) return []
  const isOtherPassword = /made with another POSTGRES_PASSWORD/.test(postgres?.rolesLog ?? '')
  const isSettling = postgres?.pods.some((pod) => isFresh(pod) || isStarting(pod)) ?? false
  const away = (isSettling ? [] : modules).flatMap(({ name, readiness }) => {
    const [one] = readiness.filter(({ db }) => db === 'Not connected')
    return one === undefined ? [] : [{ name, one }]
  })
  if (away.length === 0 && !isOtherPassword) return []
  // Without a Secret there is no password to let in.
  if (!isOtherPassword && found.has('secret-missing', 'image-missing', 'claim-unbound')) return []
  return [
    {
      code: 'postgres-refusing',
      what: `Postgres does not let ${away.length === 0 ? 'the keeper of its roles' : listed(away.map(({ name }) => name))} in. Gateways serve; usage waits in their pods.`,
      evidence: [
        ...new Set(away.map(({ one }) => causeOf(one))),
        ...(isOtherPassword
          ? ['Its data folder was made with another POSTGRES_PASSWORD than its Secret holds.']
          : []),
      ],
      fix: isOtherPassword
        ? [
            'Put the password it was made with into .env (POSTGRES_PASSWORD), then: npm run synth && kubectl apply -k secrets',
          ]
        : refusalFix(
            away.map(({ one }) => one),
            postgres === undefined,
          ),
    },
  ]
}

function causeOf({ pod, dbCause, dbHint }: ReadinessFacts): string {
  return `${pod}: ${dbCause ?? 'not connected'}${dbHint ? ` (${dbHint})` : ''}`
}

function refusalFix(readiness: readonly ReadinessFacts[], isExternal: boolean): string[] {
  const causes = readiness.map(({ dbCause }) => dbCause ?? '')
  if (causes.some((cause) => /password|login|permission/.test(cause)))
    return isExternal
      ? ['Correct DATABASE_URL in .env, then: npm run synth && kubectl apply -k secrets']
      : [
          'Its roles are made from the Secret postgres-roles: npm run synth && kubectl apply -k secrets brings both sides together within a minute.',
          'kubectl logs postgres-0 --container roles says what the keeper of the roles does.',
        ]
  if (causes.some((cause) => /too many/.test(cause)))
    return ['Fewer replicas, or a greater connection limit: see docs/kubernetes.md, Postgres.']
  return isExternal
    ? [
        'See that DATABASE_URL in .env names a server that pods reach, and that its firewall lets their addresses in.',
      ]
    : ['kubectl logs postgres-0 --all-containers --tail=30']
}

export const postgresRules: readonly Rule[] = [postgresAbsent, postgresRefusing]
