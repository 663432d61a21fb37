import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

import { isObject } from '../../modules/json-object.ts'

/** What one model costs, as the list or a module file writes it: LiteLLM's names, US dollars a unit. */
export type PriceSheet = Readonly<Record<string, unknown>>

export type FindSheet = (name: string) => PriceSheet | undefined

/** Where the lines of the list are; the list itself stays on the disk. */
export interface PriceIndex {
  readonly count: number
  /** All names behind one another, in the order of the lines. */
  readonly names: Buffer
  /** Where in `names` each ends. */
  readonly nameEnds: Uint32Array
  /** Where in the file each line begins, and the last one ends. */
  readonly lines: Uint32Array
}

/** Reads some bytes of the list. */
export type ReadPart = (at: number, length: number) => Buffer

const file = new URL('model-prices.json', import.meta.url)
const lineFeed = 0x0a
const quote = 0x22

/** The list that comes with this release. */
export function indexOfRelease(): PriceIndex {
  return createPriceIndex(readFileSync(file))
}

export const readRelease: ReadPart = (at, length) => {
  const descriptor = openSync(file, 'r')
  try {
    const part = Buffer.allocUnsafe(length)
    return part.subarray(0, readSync(descriptor, part, 0, length, at))
  } finally {
    closeSync(descriptor)
  }
}

/** The index of a list that has one model a line, sorted by the bytes of their names. */
export function createPriceIndex(list: Buffer): PriceIndex {
  const names: Buffer[] = []
  const lines: number[] = []
  let end = 0
  for (let at = 0; at < list.length; at = end + 1) {
    const feed = list.indexOf(lineFeed, at)
    end = feed < 0 ? list.length : feed
    // The braces around the list have lines of their own.
    if (list[at] !== quote) continue
    names.push(list.subarray(at + 1, list.indexOf(quote, at + 1)))
    lines.push(at, end)
  }
  let length = 0
  const nameEnds = Uint32Array.from(names, (name) => (length += name.length))
  const starts = lines.filter((_, index) => index % 2 === 0)
  const last = lines.at(-1) ?? 0
  return {
    count: names.length,
    names: Buffer.concat(names),
    nameEnds,
    lines: Uint32Array.from([...starts, last]),
  }
}

/** What the list says of a model. */
export function findSheet(index: PriceIndex, read: ReadPart, name: string): PriceSheet | undefined {
  const wanted = Buffer.from(name)
  let low = 0
  let high = index.count
  while (low < high) {
    const middle = (low + high) >>> 1
    const order = nameAt(index, middle).compare(wanted)
    if (order === 0) return sheetAt(index, middle, read)
    if (order < 0) low = middle + 1
    else high = middle
  }
  return undefined
}

function nameAt({ names, nameEnds }: PriceIndex, place: number): Buffer {
  return names.subarray(nameEnds[place - 1] ?? 0, nameEnds[place])
}

function sheetAt({ lines }: PriceIndex, place: number, read: ReadPart): PriceSheet | undefined {
  const at = lines[place] ?? 0
  const line = read(at, (lines[place + 1] ?? at) - at)
  const text = line.toString('utf8', line.indexOf(quote, 1) + 2).replace(/,\s*$/, '')
  const sheet: unknown = JSON.parse(text)
  return isObject(sheet) ? sheet : undefined
}
