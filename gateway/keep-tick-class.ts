import { executionAsyncResource } from 'node:async_hooks'

const kept: object[] = []

/**
 * Keeps one of the objects alive that Node makes for each `process.nextTick`. V8 knows their hidden class by the living
 * ones alone: where all garbage is collected while nobody is served there is none, and from then on each is made on a
 * slow path, a tenth of what a small request costs. Gives what is kept, which is there after a tick.
 */
export function keepTickClass(): readonly object[] {
  process.nextTick(() => kept.push(executionAsyncResource()))
  return kept
}
