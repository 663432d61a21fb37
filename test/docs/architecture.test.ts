import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readPages, root } from './pages.ts'

const page = readPages().find(({ path }) => path === 'ARCHITECTURE.md')?.text ?? ''

/** Room by room the rooms, and single files, that the page allows; the top of `gateway/` is the room `gateway`. */
const allowed = new Map(
  [
    ...page.matchAll(
      /^\| `([\w/]+)\/`(?: \([^)]*\))? \| ((?:`[\w/.-]+` ?)+|nothing|every room) \|$/gm,
    ),
  ].map(([, path = '', list = '']) => [path.split('/').at(-1) ?? '', list]),
)

interface Source {
  /** `gateway/routing/router.ts` */
  readonly path: string
  readonly room: string
  readonly text: string
}

const sources: Source[] = ['gateway', 'modules', 'infra'].flatMap((top) =>
  readdirSync(join(root, top), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(top, file))
    .map((path) => ({ path, room: roomOf(path), text: readFileSync(join(root, path), 'utf8') })),
)

function roomOf(path: string): string {
  const [top = '', inner = '', file] = path.split('/')
  return top === 'gateway' && file !== undefined ? inner : top
}

/** What a file imports at run time; a package's or Node's own name as it stands, ours by its path. */
function importsOf({ path, text }: Source): string[] {
  const values = text.matchAll(/^(?:import|export) (?!type\b)[^'"]*?from '([^']+)'/gm)
  const others = text.matchAll(/\bimport\(\s*'([^']+)'/g)
  return [...values, ...others]
    .map(([, name = '']) => name)
    .map((name) => (name.startsWith('.') ? normalize(join(dirname(path), name)) : name))
}

const isOurs = (name: string): boolean => /^(gateway|modules|infra|scripts|test)\//.test(name)

test('every room has a row', () => {
  expect([...allowed.keys()].sort()).toEqual([...new Set(sources.map(({ room }) => room))].sort())
})

describe.each([...allowed].filter(([, list]) => list !== 'every room'))('%s', (room, list) => {
  test('imports no room but those of its row', () => {
    const mayImport = new Set([room, ...[...list.matchAll(/`([^`]+)`/g)].map(([, name]) => name)])
    const own = sources.filter((source) => source.room === room)
    const strayed = own.flatMap((source) =>
      importsOf(source)
        .filter((name) => isOurs(name) && !mayImport.has(roomOf(name)) && !mayImport.has(name))
        .map((name) => `${source.path} imports ${name}`),
    )
    expect(strayed).toEqual([])
  })
})
