import { setTimeout as sleep } from 'node:timers/promises'

/** Asks until the answer is there; after that long it throws what it waited for. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  { seconds, everyMs = 500 }: { seconds: number; everyMs?: number },
): Promise<T> {
  const givesUpAt = performance.now() + seconds * 1000
  for (;;) {
    const found = await ask()
    if (found !== undefined && found !== false) return found
    if (performance.now() > givesUpAt) throw new Error(`${what}: not within ${seconds} s`)
    await sleep(everyMs)
  }
}

/** `12.3 s` since a moment of performance.now(). */
export function since(startedAt: number): string {
  return `${((performance.now() - startedAt) / 1000).toFixed(1)} s`
}
