import { isObject } from '../../modules/json-object.ts'
import type { SettingsJson } from '../storage/row-text.ts'

/** What LiteLLM keeps in the metadata, and reads from there too. */
const inMetadata = ['tags', 'model_rpm_limit', 'model_tpm_limit', 'guardrails'] as const

/**
 * Settings after what was sent: what was said stands, what was said to be nothing is gone. Limits and tags that stand
 * in the metadata count, as with LiteLLM, unless they are said outright.
 */
export function settingsAfter(
  before: SettingsJson,
  sent: Readonly<Record<string, unknown>>,
  names: readonly string[],
): SettingsJson {
  const after = new Map(Object.entries(before))
  const { metadata } = sent
  for (const name of inMetadata) {
    const value = isObject(metadata) ? metadata[name] : undefined
    if (value !== undefined && value !== null && isShapeOf(name, value)) after.set(name, value)
  }
  for (const name of names) {
    if (!Object.hasOwn(sent, name)) continue
    const value = sent[name]
    if (value === null || value === undefined) after.delete(name)
    else after.set(name, value)
  }
  const kept = after.get('metadata')
  if (isObject(kept)) after.set('metadata', withoutHoisted(kept))
  return Object.fromEntries(after)
}

/** Notes of ours among the settings: shown to nobody. */
const own = ['counted_as', 'former_tokens', 'spend_shift_nano']

/** Settings as people see them. */
export function withoutOwn(settings: SettingsJson): SettingsJson {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !own.includes(name)))
}

/** The metadata as LiteLLM shows it. */
export function shownMetadata(settings: SettingsJson): Record<string, unknown> {
  const metadata = settings['metadata']
  const hoisted = inMetadata.filter((name) => settings[name] !== undefined)
  return {
    ...(isObject(metadata) ? metadata : {}),
    ...Object.fromEntries(hoisted.map((name) => [name, settings[name]])),
  }
}

export function numberIn(settings: SettingsJson, name: string): number | undefined {
  const value = settings[name]
  return typeof value === 'number' ? value : undefined
}

export function textIn(settings: SettingsJson, name: string): string | undefined {
  const value = settings[name]
  return typeof value === 'string' ? value : undefined
}

export function textsIn(settings: SettingsJson, name: string): readonly string[] {
  const value = settings[name]
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

function withoutHoisted(metadata: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(metadata).filter(
      ([name, value]) => !inMetadata.some((hoisted) => hoisted === name && isShapeOf(name, value)),
    ),
  )
}

// What is something else stays metadata: it limits nothing.
function isShapeOf(name: string, value: unknown): boolean {
  if (name === 'tags' || name === 'guardrails')
    return Array.isArray(value) && value.every((one) => typeof one === 'string')
  return (
    isObject(value) &&
    Object.values(value).every((one) => Number.isSafeInteger(one) && Number(one) >= 0)
  )
}
