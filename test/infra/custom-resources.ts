/** The part of a JSON Schema that the shapes below are made of. */
type Shape = Readonly<Record<string, unknown>>

const text: Shape = { type: 'string', minLength: 1 }
const whole: Shape = { type: 'integer', minimum: 0 }
const flag: Shape = { type: 'boolean' }
const texts: Shape = { type: 'object', additionalProperties: { type: 'string' } }
const duration: Shape = { type: 'string', pattern: '^([0-9]+(ms|s|m|h))+$' }

function list(items: Shape): Shape {
  return { type: 'array', items, minItems: 1 }
}

function block(properties: Readonly<Record<string, Shape>>, required: string[] = []): Shape {
  return {
    type: 'object',
    properties,
    // An empty list is no schema in older drafts.
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  }
}

const secretName = block({ name: text }, ['name'])

const serviceMonitor = block(
  {
    selector: block({ matchLabels: texts }),
    namespaceSelector: block({ matchNames: list(text), any: flag }),
    targetLabels: list(text),
    endpoints: list(
      block({
        port: text,
        path: text,
        interval: duration,
        scrapeTimeout: duration,
        honorLabels: flag,
      }),
    ),
  },
  ['selector', 'endpoints'],
)

const rule = block({ alert: text, expr: text, for: duration, labels: texts, annotations: texts }, [
  'expr',
])

const prometheusRule = block({
  groups: list(block({ name: text, rules: list(rule) }, ['name'])),
})

const pathMatch = block({
  type: { enum: ['Exact', 'PathPrefix', 'RegularExpression'] },
  value: { type: 'string', pattern: '^/', maxLength: 1024 },
})

const rewrite = block({
  type: { enum: ['URLRewrite'] },
  urlRewrite: block({
    path: block({ type: { enum: ['ReplacePrefixMatch'] }, replacePrefixMatch: text }),
  }),
})

const httpRoute = block({
  parentRefs: list(
    block({ name: text, namespace: text, sectionName: text, group: text, kind: text }, ['name']),
  ),
  hostnames: list(text),
  rules: list(
    block({
      matches: list(block({ path: pathMatch })),
      filters: list(rewrite),
      timeouts: block({ request: duration, backendRequest: duration }),
      backendRefs: list(
        block(
          {
            group: { type: 'string' },
            kind: text,
            name: text,
            namespace: text,
            port: whole,
            weight: whole,
          },
          ['name'],
        ),
      ),
    }),
  ),
})

const inferencePool = block(
  {
    selector: block({ matchLabels: texts }, ['matchLabels']),
    targetPorts: list(block({ number: whole }, ['number'])),
    endpointPickerRef: block(
      {
        group: { type: 'string' },
        kind: text,
        name: text,
        port: block({ number: whole }, ['number']),
        failureMode: { enum: ['FailOpen', 'FailClose'] },
      },
      ['name', 'port'],
    ),
  },
  ['selector', 'targetPorts', 'endpointPickerRef'],
)

const referenceGrant = block(
  {
    from: list(
      block({ group: { type: 'string' }, kind: text, namespace: text }, [
        'group',
        'kind',
        'namespace',
      ]),
    ),
    to: list(block({ group: { type: 'string' }, kind: text, name: text }, ['group', 'kind'])),
  },
  ['from', 'to'],
)

const trigger = block(
  {
    type: { enum: ['prometheus', 'cpu', 'external-push'] },
    metricType: { enum: ['AverageValue', 'Value', 'Utilization'] },
    metadata: texts,
  },
  ['type', 'metadata'],
)

const scalingRules = block({
  stabilizationWindowSeconds: whole,
  policies: list(
    block({ type: { enum: ['Pods', 'Percent'] }, value: whole, periodSeconds: whole }),
  ),
})

const scaledObject = block(
  {
    scaleTargetRef: block({ name: text, apiVersion: text, kind: text }, ['name']),
    minReplicaCount: whole,
    maxReplicaCount: whole,
    pollingInterval: whole,
    cooldownPeriod: whole,
    fallback: block({ failureThreshold: whole, replicas: whole }, ['failureThreshold', 'replicas']),
    advanced: block({
      horizontalPodAutoscalerConfig: block({
        behavior: block({ scaleDown: scalingRules, scaleUp: scalingRules }),
      }),
    }),
    triggers: list(trigger),
  },
  ['scaleTargetRef', 'triggers'],
)

const interceptorRoute = block(
  {
    target: block({ service: text, port: whole }, ['service', 'port']),
    rules: list(block({ hosts: list(text), paths: list(block({ value: text }, ['value'])) })),
    timeouts: block({ request: duration, responseHeader: duration, readiness: duration }),
    scalingMetric: block({ concurrency: block({ targetValue: whole }, ['targetValue']) }, [
      'concurrency',
    ]),
  },
  ['target', 'scalingMetric'],
)

const externalSecret = block(
  {
    refreshInterval: duration,
    secretStoreRef: block({ name: text, kind: { enum: ['SecretStore', 'ClusterSecretStore'] } }, [
      'name',
    ]),
    target: block({
      name: text,
      creationPolicy: { enum: ['Owner', 'Orphan', 'Merge', 'None'] },
      template: block({ type: text, metadata: block({ labels: texts, annotations: texts }) }),
    }),
    dataFrom: list(block({ extract: block({ key: text }, ['key']) })),
  },
  ['secretStoreRef'],
)

const role = block(
  {
    name: text,
    ensure: { enum: ['present', 'absent'] },
    login: flag,
    inherit: flag,
    inRoles: list(text),
    connectionLimit: { type: 'integer' },
    passwordSecret: secretName,
  },
  ['name'],
)

const toleration = block({
  key: text,
  operator: { enum: ['Exists', 'Equal'] },
  value: text,
  effect: { enum: ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] },
  tolerationSeconds: { type: 'integer' },
})

const cluster = block(
  {
    instances: { type: 'integer', minimum: 1 },
    imageName: text,
    imagePullSecrets: list(secretName),
    storage: block({ size: text, storageClass: text }),
    resources: block({ requests: texts, limits: texts }),
    affinity: block({ nodeSelector: texts, tolerations: { type: 'array', items: toleration } }),
    postgresql: block({ parameters: texts }),
    bootstrap: block({
      initdb: block({ database: text, owner: text, postInitApplicationSQL: list(text) }),
    }),
    managed: block({ roles: list(role) }),
  },
  ['instances'],
)

const pooler = block(
  {
    cluster: secretName,
    type: { enum: ['rw', 'ro', 'r'] },
    instances: { type: 'integer', minimum: 1 },
    pgbouncer: block({ poolMode: { enum: ['session', 'transaction'] }, parameters: texts }, [
      'poolMode',
    ]),
  },
  ['cluster', 'pgbouncer'],
)

/**
 * Of the kinds in `components/`, the fields that are used there, as their CustomResourceDefinitions have them.
 * A field that is not here is an error: look it up before adding it.
 */
export const customShapes: Readonly<Record<string, Shape>> = {
  'monitoring.coreos.com/v1 ServiceMonitor': serviceMonitor,
  'monitoring.coreos.com/v1 PrometheusRule': prometheusRule,
  'gateway.networking.k8s.io/v1 HTTPRoute': httpRoute,
  'gateway.networking.k8s.io/v1beta1 ReferenceGrant': referenceGrant,
  'inference.networking.k8s.io/v1 InferencePool': inferencePool,
  'keda.sh/v1alpha1 ScaledObject': scaledObject,
  'http.keda.sh/v1beta1 InterceptorRoute': interceptorRoute,
  'external-secrets.io/v1 ExternalSecret': externalSecret,
  'postgresql.cnpg.io/v1 Cluster': cluster,
  'postgresql.cnpg.io/v1 Pooler': pooler,
}

/** The schema of a whole object of one of those kinds. */
export function shapeOf(kind: string): Shape | undefined {
  const spec = customShapes[kind]
  if (spec === undefined) return undefined
  const metadata = block({ name: text, namespace: text, labels: texts, annotations: texts }, [
    'name',
    'namespace',
  ])
  return block({ apiVersion: text, kind: text, metadata, spec }, [
    'apiVersion',
    'kind',
    'metadata',
    'spec',
  ])
}
