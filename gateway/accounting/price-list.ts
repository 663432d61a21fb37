import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

import { isObject } from '../../modules/json-object.ts'

/** What one model costs, as the list or a module file writes it: LiteLLM's names, US dollars a unit. */
export type PriceSheet = Readonly<Record<string, unknown>>

/** Bytes that can be read at any place. */
export interface Pages {
  readonly size: number
  /** The bytes from a place on, as many as there are, at most `length`. */
  read(at: number, length: number): Buffer
}

/** No line of the list is longer. */
const longestLine = 4096
const lineFeed = 0x0a
const quote = 0x22

const file = new URL('model-prices.json', import.meta.url)

/** Looks names up in the price list of this release; nothing of it stays in memory. */
export function readPriceList<Found>(look: (find: FindSheet) => Found): Found {
  const descriptor = openSync(file, 'r')
  try {
    const pages: Pages = {
      size: fstatSync(descriptor).size,
      read(at, length) {
        const page = Buffer.allocUnsafe(length)
        return page.subarray(0, readSync(descriptor, page, 0, length, at))
      },
    }
    return look((name) => findSheet(pages, name))
  } finally {
    closeSync(descriptor)
  }
}

export type FindSheet = (name: string) => PriceSheet | undefined

/** The line of a model in a list that has one a line, sorted by the bytes of their names. */
export function findSheet(pages: Pages, name: string): PriceSheet | undefined {
  const wanted = Buffer.from(name)
  let low = 0
  let high = pages.size
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const line = lineAfter(pages, middle, low)
    const order = line ? compareNames(line.bytes, wanted) : 1
    if (line && order === 0) return sheetIn(line.bytes)
    if (line && order < 0) low = line.end
    else high = middle
  }
  return undefined
}

interface Line {
  readonly bytes: Buffer
  /** Where the next one begins. */
  readonly end: number
}

/** The first line that begins at `at` or later; one is known to begin at `from`. */
function lineAfter(pages: Pages, at: number, from: number): Line | undefined {
  const pageAt = at === from ? at : at - 1
  const page = pages.read(pageAt, 2 * longestLine)
  const start = at === from ? 0 : page.indexOf(lineFeed) + 1
  if (start === 0 && at !== from) return undefined
  const feed = page.indexOf(lineFeed, start)
  const end = feed < 0 ? page.length : feed
  return end > start ? { bytes: page.subarray(start, end), end: pageAt + end + 1 } : undefined
}

// The braces around the list stand before and behind all names.
function compareNames(line: Buffer, wanted: Buffer): number {
  if (line[0] === 0x7b) return -1
  if (line[0] !== quote) return 1
  return line.subarray(1, line.indexOf(quote, 1)).compare(wanted)
}

function sheetIn(line: Buffer): PriceSheet | undefined {
  const text = line.toString('utf8', line.indexOf(quote, 1) + 2).replace(/,\s*$/, '')
  const sheet: unknown = JSON.parse(text)
  return isObject(sheet) ? sheet : undefined
}
