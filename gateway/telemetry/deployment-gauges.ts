import type { Deployment } from '../routing/deployment.ts'
import type { Labels } from './families.ts'
import type { GaugeSource } from './registry.ts'

const place = ['litellm_model_name', 'model_id', 'api_base', 'api_provider']
const own = ['model', 'model_deployment']

/** How the deployments fare, read at the scrape. */
export function deploymentGauges(
  deployments: () => readonly Deployment[],
  now: () => number,
): GaugeSource[] {
  return [
    {
      name: 'litellm_deployment_state',
      help: '0 healthy, 1 failing lately, 2 resting or misconfigured.',
      acrossWorkers: 'max',
      labelNames: place,
      read: () =>
        deployments().map((one) => ({ labels: placeOf(one), value: stateOf(one, now()) })),
    },
    {
      name: 'litellm_deployment_cooled_down_total',
      help: 'Times a deployment was sent to rest, by the status that did it.',
      isCounter: true,
      labelNames: [...place, 'exception_status'],
      read: () => deployments().flatMap(restsOf),
    },
    {
      name: 'colonnade_deployment_breaker',
      help: '0 closed, 1 half-open: the next request finds out whether it is well, 2 open: resting.',
      acrossWorkers: 'max',
      labelNames: own,
      read: () =>
        deployments().map((one) => ({
          labels: ownLabels(one),
          value: breakerValues[one.health.breaker(now())],
        })),
    },
    {
      name: 'colonnade_deployment_configuration_fault',
      help: '1 while a server refuses our key or lacks the model; /health says what to do.',
      acrossWorkers: 'max',
      labelNames: own,
      read: () =>
        deployments().map((one) => ({
          labels: ownLabels(one),
          value: one.health.configurationFault === undefined ? 0 : 1,
        })),
    },
    {
      name: 'colonnade_deployment_limited_seconds',
      help: 'Until a server takes requests again that said it takes no more (429); 0: it does now.',
      acrossWorkers: 'max',
      labelNames: own,
      read: () =>
        deployments().map((one) => ({
          labels: ownLabels(one),
          value: Math.ceil(one.health.limitedMs(now()) / 1_000),
        })),
    },
  ]
}

const breakerValues = { closed: 0, 'half-open': 1, open: 2 } as const

function stateOf({ health }: Deployment, now: number): number {
  if (health.coolingMs(now) > 0 || health.configurationFault) return 2
  return (health.lastOutcome?.code ?? 'ok') === 'ok' ? 0 : 1
}

function restsOf(deployment: Deployment): { labels: Labels; value: number }[] {
  return [...deployment.health.restsByStatus].map(([status, value]) => ({
    labels: { ...placeOf(deployment), exception_status: `${status}` },
    value,
  }))
}

function ownLabels({ modelName, id }: Deployment): Labels {
  return { model: modelName, model_deployment: id }
}

function placeOf({ target, id, origin, basePath, provider }: Deployment): Labels {
  return {
    litellm_model_name: target.model,
    model_id: id,
    api_base: origin + basePath,
    api_provider: provider.name,
  }
}
