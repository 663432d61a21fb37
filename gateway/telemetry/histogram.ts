/** LiteLLM's latency buckets, seconds. */
export const latencyBuckets = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 420, 600,
] as const

/** Counts of observations by bucket, not yet cumulated; cheap to add to. */
export class Histogram {
  readonly counts: number[] = Array.from({ length: latencyBuckets.length + 1 }, () => 0)
  sum = 0
  count = 0

  observe(seconds: number): void {
    let bucket = 0
    while (bucket < latencyBuckets.length && seconds > (latencyBuckets[bucket] ?? 0)) bucket += 1
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1
    this.sum += seconds
    this.count += 1
  }
}
