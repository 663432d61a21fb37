import type { Conversed } from './conversation.ts'
import type { LazyTranslation, Translated } from './provider.ts'

/** A translation whose code is read when its first request comes. */
export function lazily(read: () => Promise<Translated | Conversed>): LazyTranslation {
  let translation: Promise<Translated | Conversed> | undefined
  return { kind: 'lazy', load: () => (translation ??= read()) }
}
