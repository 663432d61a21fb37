import type { FaultList } from './fault-list.ts'
import { isObject } from './json-object.ts'
import type { ModelEntry, RouterSettings } from './module.ts'
import { createNameMatcher } from './name-pattern.ts'
import { nearestNames } from './nearest-name.ts'
import { hasPlaceholder } from './placeholders.ts'
import { withoutSecrets } from './secret-shapes.ts'
import type { Path } from './yaml-source.ts'

type Document = Readonly<Record<string, unknown>>

interface Read {
  readonly models: readonly ModelEntry[]
  readonly router: RouterSettings
}

/** One place where a file names a model. */
interface Mention {
  readonly name: unknown
  readonly path: Path
  readonly part: 'key' | 'value'
}

/** Warns of fallbacks, aliases and policies that name no model of the file: they are never used. */
export function warnOfUnknownNames(document: Document, read: Read, faults: FaultList): void {
  const names = namesOf(document, read)
  // A name that a variable holds may be any.
  if ([...names].some(hasPlaceholder)) return
  const isKnown = knowerOf(names)
  for (const { name, path, part } of mentionsIn(document)) {
    if (typeof name !== 'string' || hasPlaceholder(name) || isKnown({ name, path, part })) continue
    if (faults.isFull) return
    const [near] = nearestNames(name, names, 1)
    const hint = near === undefined ? '' : `, did you mean ${near}?`
    faults.warning(path, `no model of this file has the name ${shown(name)}${hint}`, { part })
  }
}

/** What a caller may ask for, also where an entry is at fault: that has been said already. */
function namesOf(document: Document, { models, router }: Read): Set<string> {
  const names = new Set(Object.keys(router.aliases))
  for (const { modelName, params, info } of models) {
    names.add(modelName).add(params.model)
    if (typeof info['id'] === 'string') names.add(info['id'])
  }
  for (const entry of listIn(document['model_list'])) {
    const name = isObject(entry) ? entry['model_name'] : undefined
    if (typeof name === 'string' && name !== '' && !hasPlaceholder(name)) names.add(name)
  }
  return names
}

function knowerOf(names: ReadonlySet<string>): (mention: Mention & { name: string }) => boolean {
  const patterns = [...names].filter((name) => name.includes('*'))
  const matchers = patterns.map((pattern) => {
    const match = createNameMatcher(pattern)
    const provider = pattern.slice(0, pattern.indexOf('/') + 1)
    // The provider of a plain name is inferred: gpt-4o is openai/gpt-4o to the pattern openai/*.
    return (name: string) => match(name) !== undefined || match(provider + name) !== undefined
  })
  const plain = new Set([...names].map(withoutProvider))
  return ({ name, part }) =>
    names.has(name) ||
    matchers.some((matches) => matches(name)) ||
    // What fallbacks are for is found with and without a provider before it.
    (part === 'key' && (plain.has(name) || names.has(withoutProvider(name))))
}

function withoutProvider(name: string): string {
  return name.slice(name.indexOf('/') + 1)
}

function* mentionsIn(document: Document): Generator<Mention> {
  for (const block of ['router_settings', 'litellm_settings']) {
    const settings = document[block]
    if (!isObject(settings)) continue
    for (const kind of ['fallbacks', 'context_window_fallbacks', 'content_policy_fallbacks'])
      yield* fallbacksIn(settings[kind], [block, kind])
    yield* valuesIn(settings['default_fallbacks'], [block, 'default_fallbacks'])
  }
  const router = document['router_settings']
  if (!isObject(router)) return
  yield* keysIn(router['model_group_retry_policy'], ['router_settings', 'model_group_retry_policy'])
  yield* aliasesIn(router['model_group_alias'], ['router_settings', 'model_group_alias'])
}

function* fallbacksIn(written: unknown, path: Path): Generator<Mention> {
  if (Array.isArray(written)) {
    for (const [index, chain] of written.entries()) yield* fallbacksIn(chain, [...path, index])
    return
  }
  if (!isObject(written)) return
  for (const [model, targets] of Object.entries(written)) {
    if (model !== '*') yield { name: model, path: [...path, model], part: 'key' }
    yield* valuesIn(targets, [...path, model])
  }
}

function* aliasesIn(written: unknown, path: Path): Generator<Mention> {
  if (!isObject(written)) return
  for (const [alias, target] of Object.entries(written)) {
    if (isObject(target)) yield* valuesIn(target['model'], [...path, alias, 'model'])
    else yield* valuesIn(target, [...path, alias])
  }
}

function* keysIn(written: unknown, path: Path): Generator<Mention> {
  if (!isObject(written)) return
  for (const name of Object.keys(written)) yield { name, path: [...path, name], part: 'key' }
}

function* valuesIn(written: unknown, path: Path): Generator<Mention> {
  if (!Array.isArray(written)) {
    yield { name: written, path, part: 'value' }
    return
  }
  for (const [index, name] of written.entries()) {
    yield { name, path: [...path, index], part: 'value' }
  }
}

function listIn(written: unknown): readonly unknown[] {
  return Array.isArray(written) ? written : []
}

function shown(name: string): string {
  const shortened = name.length > 60 ? `${name.slice(0, 60)}…` : name
  return JSON.stringify(withoutSecrets(shortened))
}
