const unitsMs: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  mo: 2_592_000_000,
}

/** Milliseconds of a duration as LiteLLM writes it: `30s`, `30m`, `12h`, `7d`, `2w`, `1mo` of 30 days; undefined: none. */
export function durationMs(written: string | undefined): number | undefined {
  const [, count, unit = ''] = /^(\d{1,6})(s|m|h|d|w|mo)$/.exec(written ?? '') ?? []
  const unitMs = unitsMs[unit]
  return unitMs === undefined ? undefined : Number(count) * unitMs
}
