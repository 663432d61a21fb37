interface Alert {
  readonly alert: string
  readonly expr: string
  readonly for: string
  readonly labels: { readonly severity: 'warning' | 'critical' }
  readonly annotations: { readonly summary: string; readonly description: string }
}

/** What somebody should look at. Each reads metrics of docs/metrics.md. */
export function alerts(namespace: string): Alert[] {
  const here = `namespace="${namespace}"`
  return [
    {
      alert: 'ColonnadeGatewayDown',
      expr: `up{${here}, endpoint="metrics", service=~".+-metrics"} == 0`,
      for: '2m',
      labels: { severity: 'critical' },
      annotations: {
        summary: 'A gateway of {{ $labels.module }} does not answer.',
        description: 'Its metrics could not be read for two minutes: pod {{ $labels.pod }}.',
      },
    },
    {
      alert: 'ColonnadeConfigurationRefused',
      expr: `colonnade_config_valid{${here}} == 0`,
      for: '5m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'The newest configuration of {{ $labels.module }} was refused.',
        description:
          'The last good one serves. /config/status of {{ $labels.pod }} says what is wrong.',
      },
    },
    {
      alert: 'ColonnadeModelLeftOut',
      expr: `colonnade_config_models_left_out{${here}} > 0`,
      for: '15m',
      labels: { severity: 'warning' },
      annotations: {
        summary: '{{ $value }} models of {{ $labels.module }} cannot be served.',
        description: '/config/status of {{ $labels.pod }} says why: often a variable is missing.',
      },
    },
    {
      alert: 'ColonnadeServerRefuses',
      expr: `colonnade_deployment_configuration_fault{${here}} == 1`,
      for: '5m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'A server behind {{ $labels.model }} refuses our key or lacks the model.',
        description: '/health of {{ $labels.module }} with the master key says what to do.',
      },
    },
    {
      alert: 'ColonnadeServerFails',
      expr: `colonnade_deployment_breaker{${here}} == 2`,
      for: '10m',
      labels: { severity: 'warning' },
      annotations: {
        summary: 'A server behind {{ $labels.model }} has failed for ten minutes.',
        description: 'Deployment {{ $labels.model_deployment }} of {{ $labels.module }} rests.',
      },
    },
    {
      alert: 'ColonnadeErrors',
      expr: [
        `sum by (module) (rate(litellm_requests_total{${here}, status=~"5.."}[5m]))`,
        `sum by (module) (rate(litellm_requests_total{${here}}[5m])) > 0.05`,
      ].join(' / '),
      for: '10m',
      labels: { severity: 'critical' },
      annotations: {
        summary: '{{ $value | humanizePercentage }} of requests to {{ $labels.module }} fail.',
        description: 'Answers with a 5xx status, over five minutes.',
      },
    },
    {
      alert: 'ColonnadeDatabaseAway',
      expr: `colonnade_database_connected{${here}} == 0`,
      for: '10m',
      labels: { severity: 'warning' },
      annotations: {
        summary: '{{ $labels.module }} has no Postgres.',
        description:
          'It serves; usage waits on disk. /health/readiness of {{ $labels.pod }} says why.',
      },
    },
    {
      alert: 'ColonnadeUsageLost',
      expr: `delta(colonnade_usage_rows_dropped{${here}}[15m]) > 0`,
      for: '0m',
      labels: { severity: 'critical' },
      annotations: {
        summary: 'Usage of {{ $labels.module }} was lost.',
        description: 'The spool of {{ $labels.pod }} is full or cannot be written.',
      },
    },
  ]
}
