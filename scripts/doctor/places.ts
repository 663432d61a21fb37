import type { Facts, PodFacts } from './facts.ts'
import { loadOf, onNode } from './on-node.ts'
import type { Rule } from './rule.ts'
import { listed } from './rule.ts'

interface Owned {
  readonly owner: string
  readonly pod: PodFacts
}

/** Every pod of ours, with whose it is. */
function ownPods({ modules, postgres }: Facts): Owned[] {
  return [
    ...modules.flatMap(({ name, pods }) => pods.map((pod) => ({ owner: name, pod }))),
    ...(postgres?.pods ?? []).map((pod) => ({ owner: 'postgres', pod })),
  ]
}

/** A node is not ready. */
const nodeNotReady: Rule = ({ nodes, cluster }) => {
  const gone = nodes.filter(({ isReady }) => !isReady)
  if (gone.length === 0) return []
  return [
    {
      code: 'node-not-ready',
      what: `${listed(gone.map(({ name }) => name))} of ${nodes.length} nodes ${gone.length === 1 ? 'is' : 'are'} not ready: nothing new starts there.`,
      evidence: gone.map(
        ({ name, notReadyBecause }) =>
          `${name}: ${notReadyBecause ?? 'the kubelet says nothing any more'}`,
      ),
      fix: [
        onNode(cluster, 'journalctl -u kubelet --no-pager --lines=30'),
        'Where it says that the network plug-in is not ready, install one (kubectl get pods -n kube-system shows whether one is there).',
      ],
    },
  ]
}

/** A node keeps pods away because it runs out of something. */
const nodePressure: Rule = ({ nodes, cluster }) => {
  const pressed = nodes.filter(
    ({ isReady, pressures, taints }) => isReady && pressures.length + taints.length > 0,
  )
  if (pressed.length === 0) return []
  const words = pressed.flatMap(({ pressures, taints }) => [...pressures, ...taints])
  const isDisk = words.some((word) => /disk/i.test(word))
  const isMemory = words.some((word) => /memory/i.test(word))
  return [
    {
      code: 'node-pressure',
      what: `${listed(pressed.map(({ name }) => name))} keep${pressed.length === 1 ? 's' : ''} pods away: ${isDisk ? 'its disk is full' : isMemory ? 'its memory is full' : 'it is marked so'}.`,
      evidence: pressed.map(
        ({ name, pressures, taints }) => `${name}: ${[...pressures, ...taints].join(', ')}`,
      ),
      fix: [
        ...(isDisk
          ? [
              'Make room: the kubelet takes the mark away by itself, a few minutes later.',
              onNode(cluster, 'df -h'),
              onNode(cluster, 'crictl rmi --prune'),
            ]
          : []),
        ...(isMemory
          ? ['End what uses it, or give the machine more.', onNode(cluster, 'ps aux --sort=-rss')]
          : []),
        ...(!isDisk && !isMemory
          ? ['When the cause is gone: kubectl taint nodes <node> <key>-']
          : []),
      ],
    },
  ]
}

const imageFaults = new Set([
  'ImagePullBackOff',
  'ErrImagePull',
  'ErrImageNeverPull',
  'InvalidImageName',
])

/** An image that a node neither has nor can get. */
const imageMissing: Rule = (facts) => {
  const faulty = ownPods(facts).filter(({ pod }) => imageFaults.has(pod.waiting ?? ''))
  const images = [...new Set(faulty.map(({ pod }) => pod.image ?? 'its image'))]
  return images.map((image) => {
    const pods = faulty.filter(({ pod }) => (pod.image ?? 'its image') === image)
    const isOurs = pods.some(({ owner }) => owner !== 'postgres')
    return {
      code: 'image-missing',
      what: `The image ${image} is not on the node and cannot be pulled: ${listed(pods.map(({ owner }) => owner))} ${pods.length === 1 ? 'does' : 'do'} not start.`,
      evidence: pods
        .slice(0, 3)
        .map(
          ({ pod }) =>
            `${pod.name}: ${pod.waiting}${pod.waitingMessage ? `: ${pod.waitingMessage}` : ''}`,
        ),
      fix: isOurs
        ? [
            'npm run deploy    builds it and brings it there; or by hand:',
            'npm run image',
            loadOf(facts.cluster, image),
          ]
        : [
            'Let the node reach the registry, or bring the image there:',
            loadOf(facts.cluster, image),
            'or name another one in platform.yaml (postgres.image).',
          ],
    }
  })
}

/** No node has room. */
const podsPending: Rule = (facts, found) => {
  const waiting = ownPods(facts).filter(
    ({ pod }) => pod.unschedulable !== undefined && !isClaimFault(pod),
  )
  const unexplained = found.has('node-pressure', 'node-not-ready')
    ? waiting.filter(({ pod }) => !/taint|not ready/i.test(pod.unschedulable ?? ''))
    : waiting
  if (unexplained.length === 0) return []
  const said = [...new Set(unexplained.map(({ pod }) => pod.unschedulable ?? ''))]
  return [
    {
      code: 'pods-pending',
      what: `No node takes ${unexplained.length} pod${unexplained.length === 1 ? '' : 's'} of ${listed(unexplained.map(({ owner }) => owner))}.`,
      evidence: said.slice(0, 3),
      fix: pendingFix(said.join(' '), facts),
    },
  ]
}

function isClaimFault({ unschedulable = '' }: PodFacts): boolean {
  return /PersistentVolumeClaim|persistent volumes/i.test(unschedulable)
}

function pendingFix(said: string, { cluster }: Facts): string[] {
  if (/Insufficient/.test(said))
    return [
      'Ask for less (deploy.replicas and deploy.resources.requests in the module files), or give the cluster more:',
      cluster?.kind === 'minikube'
        ? 'minikube stop && minikube start --cpus=4 --memory=8g'
        : 'kubectl describe nodes shows what is asked for, and by whom.',
    ]
  if (/free ports/.test(said))
    return [
      'Another pod holds that port of the node; with the host network there is room for one pod a module and node.',
    ]
  if (/taint/.test(said))
    return [
      'The nodes carry a mark that these pods do not bear: kubectl describe nodes shows it; tolerate it in platform.yaml, or take it away.',
    ]
  return ['kubectl describe nodes shows what they have and what they refuse.']
}

/** The cluster forbids the pods: a quota, or Pod Security. */
const podsRefused: Rule = ({ modules, namespace }) => {
  const refused = modules.filter((module) => module.refused !== undefined)
  if (refused.length === 0) return []
  const isQuota = refused.some((module) => /quota/.test(module.refused ?? ''))
  return [
    {
      code: 'pods-refused',
      what: `The cluster refuses the pods of ${listed(refused.map(({ name }) => name))}.`,
      evidence: [...new Set(refused.map((module) => module.refused ?? ''))],
      fix: isQuota
        ? [
            `kubectl get resourcequotas --namespace ${namespace} shows what is granted; ask for less, or raise it.`,
          ]
        : [
            `Ours meet the restricted level: what was added to them? kubectl get namespace ${namespace} -o yaml shows the level that holds.`,
          ],
    },
  ]
}

/** A volume that nobody provides. */
const claimUnbound: Rule = (facts, found) => {
  const open = facts.claims.filter(
    ({ phase, module }) => phase !== 'Bound' && !isWaiting(facts, module, found),
  )
  if (open.length === 0) return []
  const noDefault = open.some(
    ({ storageClass, hasDefaultClass }) => storageClass === undefined && hasDefaultClass === false,
  )
  return [
    {
      code: 'claim-unbound',
      what: `Nobody provides the volume of ${listed(open.map(({ name }) => name))}.`,
      evidence: open.map(
        ({ name, phase, event, storageClass }) =>
          `${name}: ${phase}, class ${storageClass ?? 'of the cluster'}${event ? `: ${event}` : ''}`,
      ),
      fix: [
        ...(noDefault
          ? [
              'The cluster has no default storage class: name one in platform.yaml (postgres.storage_class), or make one the default.',
            ]
          : []),
        'kubectl get storageclasses,persistentvolumes',
        ...(facts.cluster?.kind === 'minikube'
          ? ['minikube addons enable default-storageclass storage-provisioner']
          : []),
      ],
    },
  ]
}

/** A volume is often made only when its pod has a place; then the pod is what to look at. */
function isWaiting(facts: Facts, module: string, found: Parameters<Rule>[1]): boolean {
  const pods = ownPods(facts).filter(({ owner }) => owner === module)
  if (pods.length === 0 && module === 'postgres') return true
  return (
    found.has('node-pressure', 'node-not-ready', 'pods-pending') &&
    pods.some(({ pod }) => pod.unschedulable !== undefined && !isClaimFault(pod))
  )
}

/** In the order in which one hides another. */
export const placeRules: readonly Rule[] = [
  nodeNotReady,
  nodePressure,
  imageMissing,
  podsPending,
  podsRefused,
  claimUnbound,
]
