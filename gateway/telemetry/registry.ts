import { AggregatorRegistry, collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'

import { families, type Family, type Labels } from './families.ts'
import type { ExchangeRows } from './exchange-rows.ts'
import { gaugesOf, type GaugeParts } from './gauges.ts'
import { latencyBuckets, type Histogram } from './histogram.ts'

/** A number read when somebody scrapes. */
export interface GaugeSource {
  readonly name: string
  readonly help: string
  readonly labelNames?: readonly string[]
  /** How the numbers of several workers become one; the sum where it is left out. */
  readonly acrossWorkers?: 'min' | 'max'
  /** It only grows. */
  readonly isCounter?: true
  read(): number | readonly { readonly labels: Labels; readonly value: number }[]
}

/** All metrics of one process. */
export interface MetricsRegistry {
  /** Itself, every series of it under this `module` label from now on. */
  under(module: string): MetricsRegistry
  asJson(): Promise<readonly unknown[]>
  /** Prometheus' text form, other workers' metrics added. */
  asText(others: readonly (readonly unknown[])[]): Promise<string>
}

export function createRegistry(parts: GaugeParts): MetricsRegistry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const family of families) registry.registerMetric(asMetric(family, parts.rows))
  for (const source of gaugesOf(parts))
    registry.registerMetric(source.isCounter ? createCounter(source) : createGauge(source))
  const whole: MetricsRegistry = {
    under(module) {
      registry.setDefaultLabels({ module })
      return whole
    },
    asJson: () => registry.getMetricsAsJSON(),
    async asText(others) {
      if (others.length === 0) return registry.metrics()
      return AggregatorRegistry.aggregate([await registry.getMetricsAsJSON(), ...others]).metrics()
    },
  }
  return whole
}

function createGauge({ name, help, labelNames = [], acrossWorkers, read }: GaugeSource): Gauge {
  return new Gauge({
    name,
    help,
    labelNames: [...labelNames],
    registers: [],
    aggregator: acrossWorkers ?? 'sum',
    collect() {
      const now = read()
      this.reset()
      if (typeof now === 'number') this.set(now)
      else for (const { labels, value } of now) this.set(labels, value)
    },
  })
}

function createCounter({ name, help, labelNames = [], read }: GaugeSource): Counter {
  return new Counter({
    name,
    help,
    labelNames: [...labelNames],
    registers: [],
    collect() {
      const now = read()
      this.reset()
      if (typeof now === 'number') this.inc(now)
      else for (const { labels, value } of now) this.inc(labels, value)
    },
  })
}

interface Sample {
  readonly value: number
  readonly labels: Record<string, string | number>
  readonly metricName?: string
}

/**
 * A family in the shape prom-client's registry asks of its metrics (`get` and the names), so that series are
 * made at the scrape and not on the request path.
 */
function asMetric(family: Family, rows: ExchangeRows): Gauge {
  const metric = new Gauge({ name: family.name, help: family.help, registers: [] })
  const type = family.view.kind === 'histogram' ? 'histogram' : 'counter'
  const read = () =>
    Promise.resolve({
      name: family.name,
      help: family.help,
      type,
      values: samplesOf(family, rows),
      aggregator: 'sum',
    })
  return Object.assign(metric, { get: read, getForPromString: read })
}

function samplesOf({ name, view }: Family, all: ExchangeRows): Sample[] {
  const { rows, attempts, fallbacks, retries } = all
  const merged = new Map<string, Sample[]>()
  const add = (labels: Labels, samples: (labels: Labels) => Sample[]): void => {
    const key = JSON.stringify(labels)
    const known = merged.get(key)
    const fresh = samples(labels)
    merged.set(
      key,
      known
        ? known.map((sample, at) => ({ ...sample, value: sample.value + (fresh[at]?.value ?? 0) }))
        : fresh,
    )
  }
  const count = (value: number | undefined, labels: () => Labels): void => {
    if (value !== undefined) add(labels(), (its) => [{ value, labels: { ...its } }])
  }
  if (view.kind === 'attempts') {
    for (const row of attempts.values()) count(view.value(row), () => view.labels(row))
  } else if (view.kind === 'fallbacks') {
    for (const row of fallbacks.values()) count(view.value(row), () => view.labels(row))
  } else if (view.kind === 'retries') {
    for (const row of retries.values()) count(view.value(row), () => view.labels(row))
  } else {
    for (const row of rows.values()) {
      if (view.kind === 'counter') {
        count(view.value(row), () => view.labels(row))
      } else if (view.value(row).count > 0) {
        add(view.labels(row), (labels) => histogramSamples(name, view.value(row), labels))
      }
    }
  }
  return [...merged.values()].flat()
}

function histogramSamples(name: string, histogram: Histogram, labels: Labels): Sample[] {
  let below = 0
  const samples: Sample[] = histogram.counts.map((count, bucket) => {
    below += count
    const le = latencyBuckets[bucket] ?? '+Inf'
    return { metricName: `${name}_bucket`, value: below, labels: { ...labels, le } }
  })
  samples.push({ metricName: `${name}_sum`, value: histogram.sum, labels: { ...labels } })
  samples.push({ metricName: `${name}_count`, value: histogram.count, labels: { ...labels } })
  return samples
}
