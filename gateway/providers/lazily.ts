import type { LazyTranslation, Translated } from './provider.ts'

/** A translation whose code is read when its first request comes. */
export function lazily(read: () => Promise<Translated>): LazyTranslation {
  let translation: Promise<Translated> | undefined
  return { kind: 'lazy', load: () => (translation ??= read()) }
}
