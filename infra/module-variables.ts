import type { VariableUse } from '../modules/module.ts'

/** What the workload or the Secret gives each gateway under its own name. */
const ownNames = new Set([
  'BACKEND_HOST',
  'CONFIG_FILE',
  'DATABASE_URL',
  'HOST',
  'LITELLM_LOG',
  'LITELLM_MASTER_KEY',
  'LITELLM_SALT_KEY',
  'METRICS_PORT',
  'MODULE',
  'NUM_WORKERS',
  'PORT',
  'PUBLIC_URL',
  'SALT_KEY',
  'SECRETS_DIR',
  'SERVER_ROOT_PATH',
  'SHUTDOWN_TIMEOUT_S',
  'SPOOL_DIR',
])

/** Set to `true`, a master key that is left empty in `.env` stays empty: whoever reaches a module may use it. */
export const openVariable = 'LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY'

const secretWord = /(?:^|_)(?:KEY|KEYS|TOKEN|SECRET|PASSWORD|CREDENTIALS)(?:_|$)/

interface Asking {
  readonly variables: readonly VariableUse[]
  readonly deploy: { readonly secrets: readonly string[] }
}

/** Every variable a module may take from `.env`: those its file names and `deploy.secrets`. */
export function takenVariables({ variables, deploy }: Asking): string[] {
  return distinct([...variables.map(({ name }) => name), ...deploy.secrets])
}

/** Those that `.env` should have a line for: without a default, or secret by their name. */
export function wantedVariables({ variables, deploy }: Asking): string[] {
  const wanted = variables.filter(({ name, hasDefault }) => !hasDefault || secretWord.test(name))
  return distinct([...wanted.map(({ name }) => name), ...deploy.secrets])
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)].filter((name) => !ownNames.has(name)).sort()
}
