import type { DeploymentParams } from '../../modules/module.ts'
import type { Credentials } from '../providers/credentials.ts'
import type { Provider, VendorParam } from '../providers/provider.ts'

export interface ParamSources {
  readonly findVariable: (name: string) => string | undefined
  /** The text of a file; undefined where it cannot be read. */
  readonly readFile?: (path: string) => string | undefined
}

export interface VendorParams {
  readonly params: DeploymentParams
  /** Who asks for a token in place of a key. */
  readonly credentials?: Credentials
}

/**
 * A deployment's parameters with those that its vendor's variables hold, and its credentials. What is said of it goes
 * before; credentials out of the environment go to the vendor's own address alone.
 */
export function addVendorParams(
  written: DeploymentParams,
  provider: Provider,
  sources: ParamSources,
): VendorParams | { readonly fault: string } {
  const own = { ...provider.paramsOf?.(written), ...written }
  if (provider.paramVariables === undefined) return { params: own }
  const found = (name: VendorParam): string | undefined =>
    own[name] ?? firstOf(provider.paramVariables?.[name] ?? [], sources.findVariable)
  const project = found('project')
  const location = found('location')
  const params = {
    ...own,
    ...(project !== undefined && { project }),
    ...(location !== undefined && { location }),
  }
  const isKeyGiven =
    own.apiKey !== undefined ||
    (own.credentials === undefined &&
      firstOf(provider.keyVariables, sources.findVariable) !== undefined)
  const account = own.apiBase === undefined ? found('credentials') : own.credentials
  if (isKeyGiven || account === undefined || !provider.readCredentials) return { params }
  const text = account.startsWith('{') ? account : sources.readFile?.(account)
  if (text === undefined)
    return { fault: 'credentials: expected JSON or the path of a file that can be read' }
  const credentials = provider.readCredentials(text)
  if ('fault' in credentials) return { fault: `credentials: ${credentials.fault}` }
  return { params: { ...credentials.params, ...params }, credentials }
}

/** The first of several variables that is set. */
export function firstOf(
  names: readonly string[],
  findVariable: ParamSources['findVariable'],
): string | undefined {
  for (const name of names) {
    const value = findVariable(name)
    if (value !== undefined) return value
  }
  return undefined
}
