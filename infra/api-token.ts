import type { k8s } from 'cdk8s-plus-28'

const name = 'api-token'

/** What a container asks the API server with, in the place that clients look at. */
export const apiTokenMount: k8s.VolumeMount = {
  name,
  mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
  readOnly: true,
}

/**
 * The token of the pod's service account, which ends within the hour and is renewed. Named here, because what
 * Kubernetes mounts by itself goes into every container of a pod.
 */
export const apiTokenVolume: k8s.Volume = {
  name,
  projected: {
    defaultMode: 0o440,
    sources: [
      { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      {
        downwardApi: {
          items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }],
        },
      },
    ],
  },
}
