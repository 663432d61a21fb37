import type { DeploySettings, VariableUse } from '../../modules/module.ts'
import { masterKeyName } from '../../infra/env-file.ts'
import { openVariable, takenVariables } from '../../infra/module-variables.ts'
import type { GatewayPlan } from './local-gateway.ts'

/** Of a fleet's module, what a plan is made from. */
export interface PlannedModule {
  readonly name: string
  readonly file: string
  readonly nodePort: number
  readonly config: string
  readonly deploy: DeploySettings
  readonly variables: readonly VariableUse[]
}

export interface Sources {
  /** A value of the environment, else of `.env`. */
  readonly findVariable: (name: string) => string | undefined
  readonly databaseUrlFor: (module: string) => string | undefined
}

/** What a module runs with here: the same as in a cluster, on this machine. */
export function planFor(module: PlannedModule, sources: Sources): GatewayPlan {
  const { name, file, nodePort, config } = module
  return {
    name,
    file,
    port: nodePort,
    workers: workersOf(module.deploy),
    config,
    secrets: secretsOf(module, sources),
  }
}

function workersOf({ autoscaling, replicas }: DeploySettings): number {
  return Math.max(autoscaling?.min ?? replicas ?? 1, 1)
}

/** The keys of the module's Secret. */
function secretsOf(module: PlannedModule, sources: Sources): Record<string, string> {
  const { findVariable } = sources
  const vendor = takenVariables(module).map((name) => [name, findVariable(name) ?? ''] as const)
  const permission = findVariable(openVariable)
  return {
    ...Object.fromEntries(vendor),
    ...(permission === undefined ? {} : { [openVariable]: permission }),
    LITELLM_MASTER_KEY: findVariable(masterKeyName(module.name)) ?? '',
    SALT_KEY: findVariable('SALT_KEY') ?? '',
    DATABASE_URL: sources.databaseUrlFor(module.name) ?? '',
  }
}
