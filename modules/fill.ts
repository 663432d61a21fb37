import type { FaultList } from './fault-list.ts'
import { fillTemplate, parseTemplate, variablesIn } from './placeholders.ts'
import type { VariableUse } from './module.ts'
import type { Filling } from './schema-reader.ts'
import { pathText } from './fault-list.ts'
import { isObject } from './json-object.ts'
import type { Path } from './yaml-source.ts'

type LookUp = (name: string) => string | undefined

/** Fills placeholders from an environment; without one they stay as written. What is missing is a fault. */
export function createFill(
  faults: FaultList,
  lookUp: LookUp | undefined,
  severity: 'error' | 'warning' = 'error',
) {
  return (text: string, path: Path): Filling => {
    const parsed = parseTemplate(text)
    if ('fault' in parsed) {
      faults.error(path, parsed.fault)
      return { kind: 'fault' }
    }
    const isPlain = parsed.template.every((piece) => typeof piece === 'string')
    if (!lookUp)
      return isPlain && !text.includes('$${') ? { kind: 'text', text } : { kind: 'unfilled' }
    const filled = fillTemplate(parsed.template, lookUp)
    if ('text' in filled) return { kind: 'text', text: filled.text }
    faults[severity](path, missingVariables(filled.missing))
    return { kind: 'fault' }
  }
}

/** For blocks that are read before there is an environment. */
export function createRefusingFill(faults: FaultList) {
  return (text: string, path: Path): Filling => {
    const parsed = parseTemplate(text)
    const isPlain =
      'template' in parsed && parsed.template.every((piece) => typeof piece === 'string')
    if (isPlain) return { kind: 'text', text }
    faults.error(path, 'expected the value itself: variables are not read here')
    return { kind: 'fault' }
  }
}

function missingVariables(names: readonly string[]): string {
  return names.length === 1
    ? `expected the variable ${names[0]} to be set, found nothing`
    : `expected the variables ${names.join(', ')} to be set, found nothing`
}

/** Every variable a document names, in its order. */
export function findVariables(value: unknown, path: Path = []): VariableUse[] {
  if (typeof value === 'string') {
    const parsed = parseTemplate(value)
    if ('fault' in parsed) return []
    return variablesIn(parsed.template).map((use) => ({ ...use, path: pathText(path) }))
  }
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, index) => findVariables(item, [...path, index]))
  }
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([key, item]) => findVariables(item, [...path, key]))
}

/** `environment_variables` first, then the environment: LiteLLM sets the former into the latter. */
export function withOwnVariables(
  own: Readonly<Record<string, string>>,
  environment: LookUp | undefined,
): LookUp | undefined {
  if (!environment) return undefined
  return (name) => (Object.hasOwn(own, name) ? own[name] : environment(name))
}
