import { cnpg } from './cnpg.ts'
import type { Component } from './component.ts'
import { externalSecrets } from './external-secrets.ts'
import { gatewayApi } from './gateway-api.ts'
import { inferencePool } from './inference-pool.ts'
import { keda } from './keda.ts'
import { prometheusOperator } from './prometheus-operator.ts'

/** Every component that platform.yaml or a module can ask for. */
export const components: readonly Component[] = [
  cnpg,
  externalSecrets,
  gatewayApi,
  inferencePool,
  keda,
  prometheusOperator,
]
