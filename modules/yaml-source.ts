import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml'
import { isObject } from './json-object.ts'
import { withoutSecrets } from './secret-shapes.ts'
import type { Document, Node, Pair, YAMLMap } from 'yaml'

/** Keys and indexes from the document's top: `['model_list', 0, 'model_name']`. */
export type Path = readonly (string | number)[]

interface Position {
  readonly line: number
  readonly column: number
}

interface SyntaxFault extends Position {
  readonly message: string
  readonly severity: 'error' | 'warning'
}

/** A YAML document as plain values, and where each of them stands. */
export interface YamlSource {
  /** Undefined where the text is not one well-formed mapping. */
  readonly value: Readonly<Record<string, unknown>> | undefined
  readonly faults: readonly SyntaxFault[]
  /** Where the key (or the value) at a path stands; the nearest thing around it where it is absent. */
  readonly positionOf: (path: Path, part: 'key' | 'value') => Position
}

const largestText = 2 * 1024 * 1024
const mostSyntaxFaults = 20
const mostAliases = 1000
const mostValues = 200_000
const deepest = 100

const friendly: Partial<Record<string, string>> = {
  TAB_AS_INDENT: 'a tab in the indentation: indent by spaces',
  MULTIPLE_DOCS: 'expected one document, found another after `---`: put it into a file of its own',
  BLOCK_AS_IMPLICIT_KEY:
    'a mapping inside a line: put the value in quotes, or on a line of its own',
  RESOURCE_EXHAUSTION: 'nested too deeply to be read',
}

/** Parses YAML 1.2 with merge keys. Whatever the text is: faults, never a throw. */
export function parseYaml(text: string): YamlSource {
  if (text.length > largestText) {
    return unusable(`expected at most ${largestText / 1024 / 1024} MiB of text`)
  }
  try {
    return parse(text)
  } catch (error) {
    return unusable(`not readable as YAML: ${aliasFault(error)}`)
  }
}

function parse(text: string): YamlSource {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    // Its own check compares each key with each other one.
    uniqueKeys: false,
  })
  const at = (offset: number) => positionAt(lines, offset)
  const faults: SyntaxFault[] = []
  for (const error of document.errors) {
    if (faults.length === mostSyntaxFaults) break
    const place = at(error.pos[0])
    if (faults.some((fault) => fault.line === place.line)) continue
    faults.push({ ...place, severity: 'error', message: friendly[error.code] ?? error.message })
  }
  faults.push(...findTwins(document, at).slice(0, mostSyntaxFaults))
  for (const warning of document.warnings.slice(0, mostSyntaxFaults)) {
    faults.push({ ...at(warning.pos[0]), severity: 'warning', message: warning.message })
  }
  const positionOf = (path: Path, part: 'key' | 'value') =>
    at(offsetOf(document, path, part) ?? startOf(document))
  if (faults.some(({ severity }) => severity === 'error'))
    return { value: undefined, faults, positionOf }
  return { ...topMapping(document, faults, at), positionOf }
}

/** Keys that stand twice in one mapping. */
function findTwins(document: Document, at: (offset: number) => Position): SyntaxFault[] {
  const faults: SyntaxFault[] = []
  visit(document, {
    Map: (_, map) => {
      const lines = new Map<string, number>()
      for (const pair of map.items) {
        const key = keyText(pair)
        if (key === undefined || key === '<<' || !isNode(pair.key)) continue
        const place = at(pair.key.range?.[0] ?? 0)
        const first = lines.get(key)
        if (first === undefined) lines.set(key, place.line)
        else faults.push({ ...place, severity: 'error', message: twin(key, first) })
      }
    },
  })
  return faults
}

function twin(key: string, line: number): string {
  const shown = withoutSecrets(key.length > 60 ? `${key.slice(0, 60)}…` : key)
  return `expected each key once, found ${shown} again, as in line ${line}`
}

function topMapping(
  document: Document,
  faults: SyntaxFault[],
  at: (offset: number) => Position,
): { value: Record<string, unknown> | undefined; faults: SyntaxFault[] } {
  const start = at(startOf(document))
  const refuse = (message: string) => {
    faults.push({ ...start, severity: 'error', message })
    return { value: undefined, faults }
  }
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: mostAliases })
  } catch (error) {
    return refuse(aliasFault(error))
  }
  if (value === null || value === undefined) {
    return refuse('expected keys and values, found an empty file')
  }
  if (!isObject(value)) {
    return refuse(
      `expected keys and values, found ${Array.isArray(value) ? 'a list' : 'a single value'}`,
    )
  }
  const excess = findExcess(value, { ancestors: new Set(), count: 0 })
  return excess === undefined ? { value, faults } : refuse(excess)
}

interface Walk {
  readonly ancestors: Set<object>
  count: number
}

/** What makes a document endless to whoever walks through it. */
function findExcess(value: unknown, walk: Walk): string | undefined {
  walk.count += 1
  if (walk.count > mostValues) return 'expected at most 200,000 values, aliases unfolded'
  if (typeof value !== 'object' || value === null) return undefined
  if (walk.ancestors.has(value)) return 'an alias (`*name`) inside its own anchor (`&name`)'
  if (walk.ancestors.size === deepest)
    return `nested too deeply: expected at most ${deepest} levels`
  walk.ancestors.add(value)
  for (const item of Object.values(value)) {
    const excess = findExcess(item, walk)
    if (excess !== undefined) return excess
  }
  walk.ancestors.delete(value)
  return undefined
}

function aliasFault(error: unknown): string {
  const text = error instanceof Error ? error.message : ''
  if (text.includes('Unresolved alias'))
    return 'an alias (`*name`) without its anchor (`&name`) before it'
  if (text.includes('alias')) return 'aliases (`*name`) that unfold into far too much'
  return 'nested too deeply to be read'
}

function unusable(message: string): YamlSource {
  const start = { line: 1, column: 1 }
  return {
    value: undefined,
    faults: [{ ...start, message, severity: 'error' }],
    positionOf: () => start,
  }
}

function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(1, line), column: Math.max(1, col) }
}

function startOf(document: Document): number {
  return document.contents?.range?.[0] ?? 0
}

function offsetOf(document: Document, path: Path, part: 'key' | 'value'): number | undefined {
  let node = resolve(document.contents, document)
  let offset = node?.range?.[0]
  for (const [depth, step] of path.entries()) {
    const isLast = depth === path.length - 1
    const found = childOf(node, step, document)
    if (!found) return offset
    node = resolve(found.value, document)
    const valueOffset = found.value?.range?.[0] ?? found.keyOffset
    offset = isLast && part === 'key' ? (found.keyOffset ?? valueOffset) : valueOffset
  }
  return offset
}

interface Child {
  readonly keyOffset: number | undefined
  readonly value: Node | undefined
}

function childOf(
  node: Node | undefined,
  step: string | number,
  document: Document,
): Child | undefined {
  if (isSeq(node) && typeof step === 'number') {
    const item = node.items[step]
    return isNode(item) ? { keyOffset: item.range?.[0], value: item } : undefined
  }
  return isMap(node) ? childOfMap(node, String(step), document) : undefined
}

function childOfMap(map: YAMLMap, key: string, document: Document): Child | undefined {
  for (const pair of map.items) {
    if (keyText(pair) === key) return childOfPair(pair)
  }
  for (const pair of map.items) {
    if (keyText(pair) !== '<<') continue
    const merged = resolve(pair.value, document)
    for (const source of isSeq(merged) ? merged.items : [merged]) {
      const child = childOf(resolve(source, document), key, document)
      if (child) return child
    }
  }
  return undefined
}

function childOfPair(pair: Pair): Child {
  return {
    keyOffset: isNode(pair.key) ? pair.key.range?.[0] : undefined,
    value: isNode(pair.value) ? pair.value : undefined,
  }
}

function keyText(pair: Pair): string | undefined {
  const key = isScalar(pair.key) ? pair.key.value : pair.key
  if (typeof key === 'symbol') return '<<'
  if (typeof key === 'string') return key
  return typeof key === 'number' || typeof key === 'boolean' ? String(key) : undefined
}

function resolve(node: unknown, document: Document): Node | undefined {
  if (isAlias(node)) return node.resolve(document)
  return isNode(node) ? node : undefined
}
