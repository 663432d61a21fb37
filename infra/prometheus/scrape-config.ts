import { gatewayComponent, metricsPort } from '../gateway/gateway.ts'
import { componentLabel } from '../labels.ts'
import type { Platform } from '../../modules/platform.ts'

/** What Prometheus asks: the metrics port of every gateway pod, found by its label. A new module needs no edit. */
export function scrapeConfig(platform: Platform): Record<string, unknown> {
  return {
    global: { scrape_interval: '15s', scrape_timeout: '10s', evaluation_interval: '15s' },
    scrape_configs: [
      {
        job_name: 'gateway',
        fallback_scrape_protocol: 'PrometheusText0.0.4',
        kubernetes_sd_configs: [
          {
            role: 'pod',
            namespaces: { names: [platform.namespace] },
            selectors: [{ role: 'pod', label: `${componentLabel}=${gatewayComponent}` }],
          },
        ],
        // No `module` here: every series brings its own.
        relabel_configs: [
          keep('__meta_kubernetes_pod_container_port_name', metricsPort.name),
          keep('__meta_kubernetes_pod_phase', 'Running'),
          copy('__meta_kubernetes_namespace', 'namespace'),
          copy('__meta_kubernetes_pod_name', 'pod'),
          copy('__meta_kubernetes_pod_node_name', 'node'),
        ],
      },
    ],
  }
}

function keep(label: string, value: string): Record<string, unknown> {
  return { action: 'keep', source_labels: [label], regex: value }
}

function copy(label: string, target: string): Record<string, unknown> {
  return { source_labels: [label], target_label: target }
}
