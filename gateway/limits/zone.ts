const formats = new Map<string, Intl.DateTimeFormat>()

/** What a clock on the wall in this zone is ahead of UTC at an instant, milliseconds. */
export function offsetAt(timeZone: string, nowMs: number): number {
  if (timeZone === 'UTC') return 0
  const part = { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0 }
  for (const { type, value } of formatOf(timeZone).formatToParts(nowMs)) {
    if (Object.hasOwn(part, type)) Object.assign(part, { [type]: Number(value) })
  }
  const { year, month, day, hour, minute, second } = part
  const seconds = Math.floor(nowMs / 1000) * 1000
  return Date.UTC(year, month - 1, day, hour, minute, second) - seconds
}

/**
 * The first instant at which a clock in this zone shows `localMs` or later: the earlier of two where it is put back,
 * the end of the gap where it is put forward. Local times are written as if they were UTC.
 */
export function firstInstantOf(timeZone: string, localMs: number): number {
  const offsets = [localMs - dayMs, localMs + dayMs].map((at) => offsetAt(timeZone, at))
  const instants = offsets
    .map((offset) => localMs - offset)
    .filter((at) => at + offsetAt(timeZone, at) === localMs)
  if (instants.length > 0) return Math.min(...instants)
  const [from, to] = [localMs - Math.max(...offsets), localMs - Math.min(...offsets)]
  return changeBetween(timeZone, from, to) ?? to
}

/** The instant in (fromMs, toMs] at which the zone's offset becomes another; undefined: it stays. */
export function changeBetween(timeZone: string, fromMs: number, toMs: number): number | undefined {
  const before = offsetAt(timeZone, fromMs)
  if (offsetAt(timeZone, toMs) === before) return undefined
  let [low, high] = [Math.floor(fromMs / 1000), Math.ceil(toMs / 1000)]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(timeZone, middle * 1000) === before) low = middle
    else high = middle
  }
  return high * 1000
}

const dayMs = 86_400_000

// Making one costs a thousand times what using it does.
function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    formats.set(timeZone, format)
  }
  return format
}
