import type { FaultList } from './fault-list.ts'
import type { Resources } from './module.ts'
import { nearestNames } from './nearest-name.ts'

interface Reading {
  readonly defaults: Resources
  readonly path: readonly (string | number)[]
  readonly faults: FaultList
}

/** Requests and limits of a pod, with every default in place. */
export function readResources(
  written: Partial<Resources> | undefined,
  { defaults, path, faults }: Reading,
): Resources {
  const requests: Record<string, string> = { ...defaults.requests, ...written?.requests }
  const limits = written?.limits ?? raisedLimits(requests, defaults.limits)
  for (const part of ['requests', 'limits'] as const) {
    for (const name of Object.keys(written?.[part] ?? {})) checkName([...path, part, name], faults)
  }
  for (const [name, limit] of Object.entries(limits)) {
    const request = requests[name]
    if (request === undefined || amountOf(request) <= amountOf(limit)) continue
    if (written?.requests?.[name] === undefined) {
      requests[name] = limit
      continue
    }
    faults.error(
      [...path, 'limits', name],
      `expected at least the request, ${request}, found ${limit}`,
    )
  }
  return { requests, limits }
}

/** A request above the usual limit raises the limit to itself. */
function raisedLimits(
  requests: Resources['requests'],
  usual: Resources['limits'],
): Resources['limits'] {
  const raised = Object.entries(usual).map(([name, limit]) => {
    const request = requests[name]
    return [name, request !== undefined && amountOf(request) > amountOf(limit) ? request : limit]
  })
  return Object.fromEntries(raised)
}

const resourceNames = ['cpu', 'memory', 'ephemeral-storage']

function checkName(path: readonly (string | number)[], faults: FaultList): void {
  const name = String(path.at(-1))
  if (resourceNames.includes(name) || name.includes('/') || name.startsWith('hugepages-')) return
  const [near] = nearestNames(name, resourceNames, 1)
  const hint =
    near === undefined
      ? ', expected cpu, memory, ephemeral-storage or a device such as nvidia.com/gpu'
      : `, did you mean ${near}?`
  faults.error([...path], `unknown resource${hint}`, { part: 'key' })
}

const factors: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

/** The amount of a Kubernetes quantity, as a plain number. */
function amountOf(quantity: string): number {
  const [, digits = '0', unit = ''] = /^([\d.]+)([A-Za-z]*)$/.exec(quantity) ?? []
  return Number(digits) * (factors[unit] ?? 1)
}
