import type { DnsAnswer } from '../../gateway/doctor/ask-dns.ts'
import type { Knock } from '../../gateway/doctor/knock.ts'
import type { Facts, InsideFacts, ServicePair } from './facts.ts'
import { onNode, restartOf } from './on-node.ts'
import type { Rule } from './rule.ts'
import { listed } from './rule.ts'

/** The way round that is always open. */
const hostNetworkWay =
  'On a cluster of one node, until that is mended: npm run deploy -- --overlay hostnetwork serves without DNS and without Services.'

const silences = new Set(['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'])

function isSilent(knock: Knock | undefined): boolean {
  return knock !== undefined && !knock.isOpen && silences.has(knock.code ?? '')
}

/** Pods do not reach pods by their own addresses: nothing above that can work. */
const podNetwork: Rule = (facts) => {
  const targets = podTargets(facts)
  const silent = targets.filter(({ isSilent: isGone }) => isGone)
  if (silent.length === 0 || silent.length < targets.length) return []
  return [
    {
      code: 'pod-network',
      what: 'Pods do not reach each other, even by address: the packets are dropped between them.',
      evidence: [
        `From ${facts.inside?.from}, nothing came back from the pods of ${listed(silent.map(({ name }) => name))}.`,
      ],
      fix: [
        'Usually a firewall, or a FORWARD chain whose policy is DROP (Docker sets it):',
        onNode(facts.cluster, 'iptables -S FORWARD'),
        onNode(facts.cluster, 'iptables -P FORWARD ACCEPT'),
        'With firewalld, trust the pods and Services: firewall-cmd --permanent --zone=trusted --add-source=<pod CIDR> --add-source=<Service CIDR> && firewall-cmd --reload',
        'With ufw: ufw default allow routed',
        'Else a NetworkPolicy (kubectl get networkpolicies -A), or the network plug-in is not there: kubectl get pods -n kube-system',
      ],
    },
  ]
}

function podTargets({ inside, dns }: Facts): { name: string; isSilent: boolean }[] {
  if (inside === undefined) return []
  const dnsPods = new Set(dns.pods.flatMap(({ ip, isReady }) => (ip && isReady ? [ip] : [])))
  const servers = Object.entries(inside.dnsByEndpoint)
    .filter(([address]) => dnsPods.has(address.replace(/:\d+$/, '')))
    .map(([, { isAnswered, code }]) => ({
      name: 'DNS',
      isSilent: !isAnswered && silences.has(code ?? ''),
    }))
  const pods = inside.services
    .filter(({ isPod, byEndpoint }) => isPod && byEndpoint !== undefined)
    .map(({ name, byEndpoint }) => ({ name, isSilent: isSilent(byEndpoint) }))
  return [...servers, ...pods]
}

/** One pod alone is silent while others answer: somebody forbids it. */
const podBlocked: Rule = ({ inside, namespace }, found) => {
  if (inside === undefined || found.has('pod-network')) return []
  const silent = inside.services.filter(({ isPod, byEndpoint }) => isPod && isSilent(byEndpoint))
  if (silent.length === 0) return []
  return [
    {
      code: 'pod-blocked',
      what: `The pods of ${listed(silent.map(({ name }) => name))} are ready, and gateways do not reach them; others they reach.`,
      evidence: silent.map(
        ({ name, byEndpoint }) => `${name}: ${inside.from} got ${byEndpoint?.code} from its pod.`,
      ),
      fix: [
        `A NetworkPolicy keeps them apart: kubectl get networkpolicies --namespace ${namespace}`,
        'Those that are not in k8s/ are not ours. npm run deploy puts ours back.',
      ],
    },
  ]
}

/** The addresses of Services lead nowhere, while what is behind them answers. */
const clusterIp: Rule = (facts, found) => {
  const { inside, cluster, proxyPods } = facts
  if (inside === undefined || found.has('pod-network')) return []
  const broken = inside.services.filter(isBroken)
  const isDnsBroken = isDnsServiceBroken(inside)
  if (broken.length === 0 && !isDnsBroken) return []
  const isOnlyPods = inside.services.some(({ isPod, byService }) => !isPod && byService?.isOpen)
  const names = [...broken.map(({ name }) => name), ...(isDnsBroken ? ['DNS'] : [])]
  return [
    {
      code: 'cluster-ip',
      what: `Services do not lead to their pods: ${listed(names)} answer${names.length === 1 ? 's' : ''} by the address of the pod, and not by that of the Service.`,
      evidence: [
        ...broken.map(evidenceOf),
        ...(isDnsBroken
          ? [`DNS: its servers answer; by its Service ${outcome(inside.dnsByService.udp)}.`]
          : []),
        ...(proxyPods ?? [])
          .filter(({ isReady }) => !isReady)
          .map(({ name }) => `${name} is not ready.`),
      ],
      fix: isOnlyPods ? bridgeFix(facts) : proxyFix(cluster),
    },
  ]
}

function isBroken({ byService, byEndpoint }: ServicePair): boolean {
  return byService !== undefined && !byService.isOpen && byEndpoint?.isOpen === true
}

function isDnsServiceBroken({ dnsByService: { udp, tcp }, dnsByEndpoint }: InsideFacts): boolean {
  const isServed = Object.values(dnsByEndpoint).some(({ isAnswered }) => isAnswered)
  return isServed && udp?.isAnswered === false && tcp?.isAnswered !== true
}

function evidenceOf({ name, byService }: ServicePair): string {
  return `${name}: its pod opens the connection; by its Service it ended in ${byService?.code}.`
}

function outcome(answer: DnsAnswer | undefined): string {
  return answer?.isAnswered ? 'they answer too' : `came ${answer?.code ?? 'nothing'}`
}

/** The API's Service, which leads to no pod, works: replies between pods of one node miss the translation. */
function bridgeFix({ cluster }: Facts): string[] {
  return [
    'The bridge between pods passes the packet filter by. Turn the filter on:',
    onNode(cluster, 'modprobe br_netfilter'),
    onNode(cluster, 'sysctl -w net.bridge.bridge-nf-call-iptables=1 net.ipv4.ip_forward=1'),
    'and keep it on: br_netfilter into /etc/modules-load.d/k8s.conf, both settings into /etc/sysctl.d/k8s.conf.',
    hostNetworkWay,
  ]
}

function proxyFix(cluster: Facts['cluster']): string[] {
  return [
    'kube-proxy (or what stands in for it) does not do its work. Its words, where it is a pod:',
    'kubectl logs --namespace kube-system --selector k8s-app=kube-proxy --tail=20',
    restartOf(cluster),
    onNode(cluster, 'sysctl -w net.bridge.bridge-nf-call-iptables=1 net.ipv4.ip_forward=1'),
    `Rules of another kind in the way (nft beside legacy)? ${onNode(cluster, 'iptables-save')} must show KUBE-SERVICES.`,
    hostNetworkWay,
  ]
}

/** The cluster's name servers do not answer, by whatever way. */
const dnsDead: Rule = (facts, found) => {
  if (found.has('pod-network')) return []
  const seen = silenceOfDns(facts)
  if (seen === undefined) return []
  const { log, pods } = facts.dns
  // Without the API behind its Service, CoreDNS has nothing to answer from.
  if (found.has('cluster-ip') && /i\/o timeout|connection refused/.test(log)) return []
  const isLoop = /plugin\/loop|Loop \(/.test(log)
  return [
    {
      code: 'dns-dead',
      what: isLoop
        ? 'The cluster DNS asks itself in a loop and ends: the node names itself as its name server.'
        : seen.what,
      evidence: [
        ...seen.evidence,
        ...pods
          .filter(({ isReady }) => !isReady)
          .map(
            (pod) =>
              `${pod.name}: ${pod.waiting ?? pod.unschedulable ?? 'not ready'}, ${pod.restarts} restarts.`,
          ),
        ...(isLoop ? ['Its log says: Loop … detected.'] : []),
      ],
      fix: isLoop ? loopFix(facts) : deadFix(facts),
    },
  ]
}

interface Silence {
  readonly what: string
  readonly evidence: readonly string[]
}

function silenceOfDns({ inside, dns }: Facts): Silence | undefined {
  const what =
    'The cluster DNS does not answer: no name can be looked up, not even that of Postgres.'
  if (inside === undefined) {
    const isDown = dns.pods.length > 0 && dns.pods.every(({ isReady }) => !isReady)
    return isDown ? { what, evidence: ['None of its pods is ready.'] } : undefined
  }
  const servers = Object.entries(inside.dnsByEndpoint)
  const silent = servers.filter(([, { isAnswered }]) => !isAnswered)
  const evidence = silent.map(([address, { code }]) => `${address}: ${code}.`)
  if (silent.length > 0 && silent.length < servers.length)
    return {
      what: `${silent.length} of ${servers.length} servers of the cluster DNS do not answer: look-ups are slow or fail now and then.`,
      evidence,
    }
  if (silent.length > 0) return { what, evidence }
  const { udp, tcp } = inside.dnsByService
  if (servers.length > 0) return undefined
  if (udp?.isAnswered === false && tcp?.isAnswered !== true)
    return {
      what,
      evidence: [`Asked at ${dns.clusterIp}: ${udp.code}. No server stands behind this Service.`],
    }
  // No Service of that name is to be seen: what a program gets is what counts.
  if (udp === undefined && inside.lookUp?.code === 'EAI_AGAIN')
    return { what, evidence: [`${inside.nameServers.join(', ')}: no answer to a look-up.`] }
  return undefined
}

function deadFix({ cluster, dns }: Facts): string[] {
  return [
    'kubectl get deployment,pods --namespace kube-system --selector k8s-app=kube-dns',
    ...(dns.pods.length === 0
      ? [
          'Where it should run as pods and none is there: kubectl scale --namespace kube-system deployment/coredns --replicas=2',
        ]
      : ['kubectl rollout restart --namespace kube-system deployment/coredns']),
    'kubectl logs --namespace kube-system --selector k8s-app=kube-dns --tail=20 says why it does not.',
    ...(cluster?.kind === 'minikube' || cluster?.kind === 'k3s'
      ? [`or start the cluster afresh: ${restartOf(cluster)}`]
      : []),
    hostNetworkWay,
  ]
}

function loopFix({ cluster }: Facts): string[] {
  const isMinikube = cluster?.kind === 'minikube'
  return [
    'Give the kubelet the true list of name servers, not the local stub 127.0.0.53:',
    isMinikube
      ? 'minikube stop && minikube start --extra-config=kubelet.resolv-conf=/run/systemd/resolve/resolv.conf'
      : cluster?.kind === 'k3s'
        ? 'k3s server --resolv-conf /run/systemd/resolve/resolv.conf'
        : 'resolvConf: /run/systemd/resolve/resolv.conf in /var/lib/kubelet/config.yaml, then: systemctl restart kubelet',
    'kubectl rollout restart --namespace kube-system deployment/coredns',
  ]
}

/** DNS answers over TCP and not over UDP. */
const dnsUdp: Rule = ({ inside, cluster }, found) => {
  if (inside === undefined || found.has('pod-network', 'cluster-ip', 'dns-dead')) return []
  const { udp, tcp } = inside.dnsByService
  if (udp?.isAnswered !== false || tcp?.isAnswered !== true) return []
  return [
    {
      code: 'dns-udp',
      what: 'The cluster DNS answers over TCP and not over UDP, which is how programs ask.',
      evidence: [`Over UDP: ${udp.code}.`],
      fix: [
        'A firewall drops UDP port 53, or old connections are remembered wrongly:',
        onNode(cluster, 'conntrack -D -p udp --dport 53'),
        onNode(cluster, 'iptables -S FORWARD'),
      ],
    },
  ]
}

/** DNS is well, and pods ask somebody else. */
const dnsNameServer: Rule = ({ inside, dns, cluster }, found) => {
  if (inside === undefined || found.has('pod-network', 'cluster-ip', 'dns-dead', 'dns-udp'))
    return []
  const isWell = inside.dnsByService.udp?.isAnswered === true
  if (!isWell || inside.lookUp === undefined || inside.lookUp.addresses.length > 0) return []
  return [
    {
      code: 'dns-nameserver',
      what: 'The cluster DNS is well, and yet pods cannot look a name up: they ask another server, or by the wrong domain.',
      evidence: [
        `Pods ask ${inside.nameServers.join(', ') || 'nobody'}; the cluster DNS is ${dns.clusterIp}.`,
        `A look-up of kubernetes.default ended in ${inside.lookUp.code}.`,
      ],
      fix: [
        `The kubelet must name it: clusterDNS: [${dns.clusterIp}] and clusterDomain: cluster.local in /var/lib/kubelet/config.yaml.`,
        onNode(cluster, 'systemctl restart kubelet'),
        'then start the pods afresh: kubectl rollout restart deployment',
      ],
    },
  ]
}

/** In the order in which one hides another. */
export const networkRules: readonly Rule[] = [
  podNetwork,
  podBlocked,
  clusterIp,
  dnsDead,
  dnsUdp,
  dnsNameServer,
]
