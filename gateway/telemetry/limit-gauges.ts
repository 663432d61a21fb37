import type { GateReport } from '../limits/gate.ts'
import type { Deployment } from '../routing/deployment.ts'
import type { Labels } from './families.ts'
import type { GaugeSource } from './registry.ts'

/** What is limited, and what is left of it, read at the scrape. */
export function limitGauges(
  deployments: () => readonly Deployment[],
  now: () => number,
): GaugeSource[] {
  return views.map(({ of, ...view }) => ({
    ...view,
    read: () =>
      deployments().flatMap((deployment) => of(deployment, deployment.gate?.report(now()))),
  }))
}

type QuotaReport = GateReport['quotas'][number]
type SlotReport = NonNullable<GateReport['slots']>

interface View extends Omit<GaugeSource, 'read'> {
  of(deployment: Deployment, report: GateReport | undefined): readonly Series[]
}

interface Series {
  readonly labels: Labels
  readonly value: number
}

const place = ['litellm_model_name', 'model_id', 'api_base', 'api_provider']

const quota = (name: string, help: string, value: (one: QuotaReport) => number): View => ({
  name: `colonnade_quota_${name}`,
  help,
  labelNames: ['model_deployment', 'unit', 'period'],
  // A worker that knows of less has heard of it last.
  acrossWorkers: name === 'remaining' ? 'min' : 'max',
  of: ({ id }, report) =>
    tightest(report).map((one) => ({
      labels: { model_deployment: id, unit: one.unit, period: one.per },
      value: value(one),
    })),
})

const remaining = (unit: QuotaReport['unit']): View => ({
  name: `litellm_remaining_${unit}_metric`,
  help: `What the tightest quota of ${unit} leaves.`,
  labelNames: ['model_group', ...place, 'hashed_api_key', 'api_key_alias'],
  acrossWorkers: 'min',
  of(deployment, report) {
    const left = tightest(report).flatMap((one) => (one.unit === unit ? one.remaining : []))
    const nobody = { hashed_api_key: 'None', api_key_alias: 'None' }
    const labels = { ...labelsOf(deployment), ...nobody }
    return left.length === 0 ? [] : [{ labels, value: Math.min(...left) }]
  },
})

const rate = (name: 'rpm' | 'tpm', help: string): View => ({
  name: `litellm_deployment_${name}_limit`,
  help,
  labelNames: ['model_group', ...place],
  acrossWorkers: 'max',
  of(deployment) {
    const value = deployment.params[name]
    return value === undefined ? [] : [{ labels: labelsOf(deployment), value }]
  },
})

const slots = (
  name: keyof SlotReport,
  help: string,
  across: Pick<GaugeSource, 'acrossWorkers'>,
): View => ({
  name: `colonnade_slots_${name}`,
  help,
  labelNames: ['model_deployment'],
  ...across,
  of: ({ id }, report) =>
    report?.slots ? [{ labels: { model_deployment: id }, value: report.slots[name] }] : [],
})

const views: readonly View[] = [
  quota('limit', 'What an upstream grants for a period.', ({ amount }) => amount),
  quota('remaining', 'What is left of it.', (one) => one.remaining),
  quota(
    'resets_seconds',
    'Until its period ends; of a used-up one, until it has some again.',
    (one) => Math.ceil(one.resetsInMs / 1000),
  ),
  remaining('requests'),
  remaining('tokens'),
  rate('rpm', 'Requests a minute, as configured.'),
  rate('tpm', 'Tokens a minute, as configured.'),
  slots('total', 'Requests at once that a deployment takes.', { acrossWorkers: 'max' }),
  slots('free', 'Places that are free here.', {}),
  slots('queued', 'Callers that wait for a place.', {}),
]

/** One of each unit and period: two of the same would be one series. */
function tightest(report: GateReport | undefined): readonly QuotaReport[] {
  const least = new Map<string, QuotaReport>()
  for (const one of report?.quotas ?? []) {
    const name = `${one.unit} ${one.per}`
    const other = least.get(name)
    if (!other || one.remaining < other.remaining) least.set(name, one)
  }
  return [...least.values()]
}

function labelsOf({ modelName, target, id, origin, basePath, provider }: Deployment): Labels {
  return {
    model_group: modelName,
    litellm_model_name: target.model,
    model_id: id,
    api_base: origin + basePath,
    api_provider: provider.name,
  }
}
