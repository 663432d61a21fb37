import type { Cluster } from '../deploy/cluster.ts'
import { isNoneDriver } from '../deploy/cluster.ts'

/** A command as it is run on the node of this kind of cluster. */
export function onNode(cluster: Cluster | undefined, command: string): string {
  const node = cluster?.nodes[0]?.name ?? '<node>'
  switch (cluster?.kind) {
    case 'minikube':
      return isNoneDriver(cluster)
        ? `sudo ${command}`
        : `minikube ssh${profileOf(cluster)} -- sudo ${command}`
    case 'kind':
    case 'k3d':
      return `docker exec ${node} ${command}`
    case 'docker-desktop':
      return `docker run --rm --privileged --pid=host <an image with nsenter> nsenter -t 1 -m -n ${command}`
    case 'k3s':
    case 'containerd':
    case 'docker':
    case 'cri-o':
      return `sudo ${command}`
    default:
      return `on each node: sudo ${command}`
  }
}

/** What starts the cluster's network again, where it has one command for that. */
export function restartOf(cluster: Cluster | undefined): string {
  switch (cluster?.kind) {
    case 'minikube':
      return `minikube stop${profileOf(cluster)} && minikube start${profileOf(cluster)}`
    case 'kind':
      return `docker restart ${cluster.nodes.map(({ name }) => name).join(' ')}`
    case 'k3d':
      return `k3d cluster stop ${cluster.name ?? ''} && k3d cluster start ${cluster.name ?? ''}`
    case 'k3s':
      return 'sudo systemctl restart k3s'
    default:
      return 'kubectl rollout restart --namespace kube-system daemonset/kube-proxy'
  }
}

/** How an image gets there, by hand. */
export function loadOf(cluster: Cluster | undefined, image: string): string {
  switch (cluster?.kind) {
    case 'minikube':
      return `minikube image load${profileOf(cluster)} ${image}`
    case 'kind':
      return `kind load docker-image --name ${cluster.name ?? 'kind'} ${image}`
    case 'k3d':
      return `k3d image import --cluster ${cluster.name ?? ''} ${image}`
    case 'k3s':
      return 'sudo k3s ctr images import <archive>'
    case 'containerd':
      return 'sudo ctr --namespace k8s.io images import <archive>'
    case 'remote':
      return 'name a registry in platform.yaml (image: registry.example/colonnade-gateway), then npm run deploy'
    default:
      return 'npm run image'
  }
}

function profileOf({ name }: Cluster): string {
  return name === undefined || name === 'minikube' ? '' : ` --profile ${name}`
}
