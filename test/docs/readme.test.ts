import { readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { providers } from '../../gateway/providers/index.ts'
import { readFleet } from '../../infra/fleet.ts'
import { pathOf } from '../../modules/endpoints.ts'
import { isThere, readPages, root } from './pages.ts'

const pages = readPages()
const readme = pages.find(({ path }) => path === 'README.md')?.text ?? ''
const manifest: { scripts: Record<string, string> } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
)

test('the README has fewer than 150 lines', () => {
  expect(readme.split('\n').length).toBeLessThan(150)
})

describe.each(pages.map(({ path, text }) => [path, text] as const))('%s', (path, text) => {
  test('names only npm scripts that exist', () => {
    const named = [...text.matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g)].map(
      ([, script, short]) => script ?? short ?? '',
    )
    expect(named.filter((name) => manifest.scripts[name] === undefined)).toEqual([])
  })

  test('links only to what exists', () => {
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
    const broken = links
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => !isLinked(path, link))
    expect(broken).toEqual([])
  })

  test('names only files and folders of the project that exist', () => {
    const rooms = 'gateway|infra|modules|scripts|test|k8s|docs'
    const named = text.matchAll(new RegExp(`\`((?:${rooms})/[\\w./-]*)\``, 'g'))
    const missing = [...named].map(([, name = '']) => name).filter((name) => !isThere(name))
    // What a reader is told to make is not there yet.
    expect(missing.filter((name) => name !== 'modules/rerank.yaml')).toEqual([])
  })
})

/** A file that is there, and a heading of it where the link names one. */
function isLinked(path: string, link: string): boolean {
  const [file = '', anchor] = link.split('#')
  const target = file === '' ? path : normalize(join(dirname(path), file))
  if (!isThere(target)) return false
  if (anchor === undefined) return true
  const headings = pages.find((page) => page.path === target)?.text.match(/^#+ .*$/gm) ?? []
  return headings.map(slugOf).includes(anchor)
}

function slugOf(heading: string): string {
  return heading
    .replace(/^#+ /, '')
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, '')
    .replaceAll(' ', '-')
}

interface Row {
  readonly name: string
  readonly port: number
  readonly endpoints: string[]
  readonly models: string[]
}

test('the table of modules is what modules/ says', () => {
  const table = [...readme.matchAll(/^\| `([\w-]+)` \| (\d+) \|([^|]*)\|([^|]*)\|/gm)]
  const rows = table.map(([, name = '', port = '', endpoints = '', models = '']): Row => {
    return { name, port: Number(port), endpoints: namesIn(endpoints), models: namesIn(models) }
  })
  const { modules } = readFleet(root)
  const wanted = modules
    .map(({ name, nodePort, module }): Row => {
      const endpoints = module.endpoints.map((endpoint) => pathOf(endpoint).slice(1))
      return {
        name,
        port: nodePort,
        endpoints,
        models: module.models.map((each) => each.modelName),
      }
    })
    .sort((left, right) => left.port - right.port)
  expect(rows).toEqual(wanted)
})

test('the providers it names are providers', () => {
  const section = readme.split(/^## /m).find((text) => text.startsWith('Add a provider')) ?? ''
  const [, prefixes = ''] = /Known prefixes \(([^)]*)\)/.exec(section) ?? []
  const dialects = [...section.matchAll(/`(\w+)\/`/g)].map(([, name = '']) => name)
  const named = [...namesIn(prefixes), ...dialects]
  expect(named.length).toBeGreaterThan(5)
  expect(named.filter((name) => providers[name] === undefined)).toEqual([])
})

function namesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
}
