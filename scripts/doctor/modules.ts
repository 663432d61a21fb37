import type { Facts, ModuleFacts, PodFacts } from './facts.ts'
import type { Rule } from './rule.ts'
import { isStarting, listed, placeless } from './rule.ts'

const isDeployed = ({ workload, isServiceThere }: ModuleFacts): boolean =>
  workload === 'there' || isServiceThere

/** There is nothing of ours. */
const notDeployed: Rule = ({ isNamespaceThere, modules, namespace }) => {
  if (isNamespaceThere && modules.some(isDeployed)) return []
  return [
    {
      code: 'not-deployed',
      what: 'No module is on this cluster.',
      evidence: [
        isNamespaceThere
          ? `There is no gateway in namespace ${namespace}.`
          : `There is no namespace ${namespace}.`,
      ],
      fix: ['npm run deploy', 'On another cluster? kubectl config get-contexts shows them.'],
    },
  ]
}

/** A Service could not be made, because another one has its port. */
const nodePortTaken: Rule = ({ modules, nodePorts }) =>
  modules
    .filter(({ workload, isServiceThere }) => workload === 'there' && !isServiceThere)
    .map(({ name, nodePort }) => {
      const holder = nodePorts?.find(({ port }) => port === nodePort)
      return holder === undefined
        ? {
            code: 'service-missing',
            what: `${name} runs, and nothing leads to it: its Service is not there.`,
            evidence: [`There is no Service ${name}-gateway, and node port ${nodePort} is free.`],
            fix: [`npm run deploy -- --module ${name}`],
          }
        : {
            code: 'node-port-taken',
            what: `${name} cannot have node port ${nodePort}: ${holder.service} holds it.`,
            evidence: [`There is no Service ${name}-gateway; ${holder.service} has ${nodePort}.`],
            fix: [
              `Another port for the module: deploy: {node_port: …} in modules/${name}.yaml, then npm run deploy -- --module ${name}`,
              `or remove the other: kubectl delete service --namespace ${holder.service.replace('/', ' ')}`,
            ],
          }
    })

/** A Secret that is not there, or lacks a key that must be in it. */
const secretMissing: Rule = ({ modules, postgres, secrets, namespace }) => {
  if (secrets === undefined) return []
  const wanted = [
    ...modules.filter(({ workload }) => workload === 'there'),
    ...(postgres?.isWorkloadThere ? [{ name: 'postgres', secret: postgres.secret }] : []),
  ]
  return wanted.flatMap(({ name, secret }) => {
    if (secret === undefined) return []
    const found = secrets[secret.name]
    const missing = secret.keys.filter((key) => !found?.includes(key))
    if (found !== undefined && missing.length === 0) return []
    const isWhole = found === undefined
    return [
      {
        code: isWhole ? 'secret-missing' : 'key-missing',
        what: isWhole
          ? `${name} has no keys: the Secret ${secret.name} is not there.`
          : `${name} lacks ${listed(missing)} in its Secret ${secret.name}.`,
        evidence: [
          isWhole
            ? `There is no Secret ${secret.name} in namespace ${namespace}.`
            : `${secret.name} holds ${listed(found) || 'nothing'}.`,
        ],
        fix: [
          ...(isWhole
            ? []
            : [`Fill in what .env lacks for ${name}: npm run synth says which lines are yours.`]),
          'npm run synth && kubectl apply -k secrets',
        ],
      },
    ]
  })
}

/** A new document was not taken. */
const configRefused: Rule = ({ modules }) =>
  modules.flatMap(({ name, readiness }) => {
    const refused = readiness.filter(
      ({ configRefused: why }) => why !== undefined && !isAboutKey(why),
    )
    const [first] = refused
    if (first === undefined) return []
    return [
      {
        code: 'config-refused',
        what: `${name} does not take its newest document; ${refused.length === readiness.length ? 'all' : refused.length} of its pods go on with the last good one.`,
        evidence: [`${first.pod}: ${first.configRefused}`],
        fix: [
          `Correct modules/${name}.yaml (npm run validate says where), then: npm run deploy -- --module ${name}`,
        ],
      },
    ]
  })

/** A gateway that serves, and would not any more if it started now: its master key is gone or refused. */
const keyRefused: Rule = (facts) =>
  facts.modules.flatMap((module) => {
    const words = module.readiness.flatMap(({ pod, configRefused: why }) =>
      why !== undefined && isAboutKey(why) ? [`${pod}: ${why}`] : [],
    )
    // A key that is not in the Secret has been told.
    if (words.length === 0 || lacksKeys(facts, module)) return []
    return [
      {
        code: 'key-missing',
        what: `${module.name} goes on with its old master key: what it has now it does not take.`,
        evidence: words,
        fix: keyFix(facts, module),
      },
    ]
  })

function isAboutKey(words: string): boolean {
  return /MASTER_KEY|master key/i.test(words)
}

function keyFix({ secrets, namespace }: Facts, { name, secret }: ModuleFacts): string[] {
  const isThere = secret !== undefined && secrets?.[secret.name]?.includes('LITELLM_MASTER_KEY')
  return [
    ...(isThere
      ? [
          `The Secret ${secret.name} holds one: a new one reaches the pods within a minute; one that is refused as weak wants another value in .env.`,
          `kubectl rollout restart --namespace ${namespace} deployment/${name}-gateway brings it at once.`,
        ]
      : []),
    'npm run synth && kubectl apply -k secrets',
  ]
}

/** A gateway ends again and again. */
const gatewayCrashing: Rule = ({ modules, namespace }) =>
  modules.flatMap(({ name, pods }) => {
    const crashing = pods.filter(isCrashing)
    const [first] = crashing
    if (first === undefined) return []
    const isMemory = first.lastExit?.reason === 'OOMKilled'
    return [
      {
        code: 'gateway-crashing',
        what: isMemory
          ? `${name} needs more memory than it may use, and is ended.`
          : `${name} ends again and again.`,
        evidence: crashing.map(
          ({ name: pod, restarts, lastExit, waiting }) =>
            `${pod}: ${waiting ?? 'runs'}, ${restarts} restarts, last ended by ${lastExit?.reason ?? 'unknown'} (${lastExit?.code ?? '?'})`,
        ),
        fix: isMemory
          ? [
              `More in modules/${name}.yaml: deploy: {resources: {limits: {memory: 512Mi}}}, then npm run deploy -- --module ${name}`,
            ]
          : [`kubectl logs --namespace ${namespace} ${first.name} --previous`],
      },
    ]
  })

function isCrashing({ waiting, lastExit, restarts, isReady }: PodFacts): boolean {
  if (waiting === 'CrashLoopBackOff') return true
  return lastExit?.reason === 'OOMKilled' && (!isReady || restarts >= 3)
}

/** Not ready, and nothing above says why: its own words. */
const gatewayNotReady: Rule = (facts, found) =>
  facts.modules.flatMap((module) => {
    if (module.workload === 'absent' || module.wanted === 0) return []
    const faulty = module.pods.filter((pod) => !pod.isReady && !isExplained(pod, found))
    if (lacksKeys(facts, module) || faulty.length === 0)
      return noPods(module, found, facts.namespace)
    const reasons = module.readiness.flatMap(({ pod, reason }) =>
      reason === undefined ? [] : [`${pod}: ${reason}`],
    )
    const isKey = reasons.some(isAboutKey)
    const isConfig = reasons.some((reason) => /config|document|yaml/i.test(reason))
    return [
      {
        code: isKey ? 'key-missing' : isConfig ? 'config-refused' : 'gateway-not-ready',
        what: `${module.name}: ${faulty.length} of ${module.pods.length} pods ${faulty.length === 1 ? 'is' : 'are'} not ready${isKey ? ', for want of its master key' : isConfig ? ': it has no document to serve' : ''}.`,
        evidence:
          reasons.length > 0
            ? reasons
            : faulty.map(
                ({ name, waiting, waitingMessage, phase, mountFault }) =>
                  `${name}: ${mountFault ?? waitingMessage ?? waiting ?? phase}`,
              ),
        fix: isKey
          ? keyFix(facts, module)
          : isConfig
            ? [`npm run validate, then: npm run deploy -- --module ${module.name}`]
            : [
                `kubectl logs --namespace ${facts.namespace} --selector module=${module.name} --tail=20`,
                `kubectl describe pods --namespace ${facts.namespace} --selector module=${module.name}`,
              ],
      },
    ]
  })

function isExplained(pod: PodFacts, found: Parameters<Rule>[1]): boolean {
  return (
    pod.unschedulable !== undefined ||
    isStarting(pod) ||
    pod.reason === 'Evicted' ||
    (/Image/.test(pod.waiting ?? '') && found.has('image-missing')) ||
    (isCrashing(pod) && found.has('gateway-crashing')) ||
    found.has('node-not-ready')
  )
}

function lacksKeys({ secrets }: Facts, { secret }: ModuleFacts): boolean {
  if (secrets === undefined) return false
  return secret?.keys.some((key) => !secrets[secret.name]?.includes(key)) ?? false
}

function noPods(
  module: ModuleFacts,
  found: Parameters<Rule>[1],
  namespace: string,
): ReturnType<Rule> {
  if (module.pods.length > 0 || found.has(...placeless)) return []
  return [
    {
      code: 'gateway-not-ready',
      what: `${module.name} has no pods, and should have ${module.wanted}.`,
      evidence: [`Its Deployment wants ${module.wanted}.`],
      fix: [`kubectl describe --namespace ${namespace} deployment/${module.name}-gateway`],
    },
  ]
}

/** The autoscaler cannot see what it is to go by. */
const autoscalerBlind: Rule = ({ modules, cluster }) => {
  const blind = modules.filter(({ autoscalerFault }) => autoscalerFault !== undefined)
  if (blind.length === 0) return []
  return [
    {
      code: 'autoscaler-blind',
      what: `The autoscaler of ${listed(blind.map(({ name }) => name))} gets no numbers, and leaves the replicas as they are.`,
      evidence: [...new Set(blind.map(({ autoscalerFault }) => autoscalerFault ?? ''))],
      fix: [
        cluster?.kind === 'minikube'
          ? 'minikube addons enable metrics-server'
          : 'Install metrics-server, or what serves the metric that it goes by.',
      ],
    },
  ]
}

/** In the order in which one hides another. */
export const moduleRules: readonly Rule[] = [
  notDeployed,
  nodePortTaken,
  secretMissing,
  keyRefused,
  configRefused,
  gatewayCrashing,
]

/** After everything else: what nothing else explains. */
export const lastRules: readonly Rule[] = [gatewayNotReady, autoscalerBlind]
