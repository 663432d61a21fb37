import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'

const root = path.join(import.meta.dirname, '..')

interface SourceFile {
  /** From the root: `gateway/auth/keyring.ts`. */
  readonly name: string
  readonly text: string
  readonly imports: readonly Import[]
}

interface Import {
  readonly from: string
  /** A path from the root, or a package's name. */
  readonly to: string
  readonly isTypeOnly: boolean
}

const files: readonly SourceFile[] = globSync('{gateway,infra,modules,scripts}/**/*.ts', {
  cwd: root,
}).map((name) => {
  const text = readFileSync(path.join(root, name), 'utf8')
  return { name, text, imports: [...importsIn(name, text)] }
})

function* importsIn(name: string, text: string): Generator<Import> {
  const statements = text.matchAll(
    /^(?:import|export)\s(type\s)?([^'"]*?)\sfrom\s+['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]/gm,
  )
  for (const [, type, names = '', from, bare] of statements) {
    const to = targetOf(name, from ?? bare ?? '')
    const listed =
      /\{([\s\S]*)\}/
        .exec(names)?.[1]
        ?.split(',')
        .filter((one) => one.trim()) ?? []
    const areAllTypes =
      listed.length > 0 &&
      /^\s*\{/.test(names) &&
      listed.every((one) => one.trim().startsWith('type '))
    yield { from: name, to, isTypeOnly: type !== undefined || areAllTypes }
  }
  for (const [, written = ''] of text.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g))
    yield { from: name, to: targetOf(name, written), isTypeOnly: false }
}

function targetOf(name: string, written: string): string {
  if (!written.startsWith('.')) return written
  return path.posix.normalize(path.posix.join(path.posix.dirname(name), written))
}

const gateway = files.filter(({ name }) => name.startsWith('gateway/'))

/** The room of a file: a folder of gateway/, or the name of a file at its door. */
function roomOf(name: string): string {
  const [place, room = '', inner] = name.split('/')
  if (place !== 'gateway') return place ?? ''
  return inner === undefined ? room : `${room}/`
}

/** What each room may import at run time. Types may be borrowed from anywhere but upwards into the walk. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  'main.ts': ['settings.ts', 'work.ts', 'workers.ts'],
  'work.ts': ['keep-tick-class.ts', 'run.ts', 'workers.ts'],
  'run.ts': [
    'app.ts',
    'configuration.ts',
    'create-gateway.ts',
    'create-limits.ts',
    'create-rooms.ts',
    'give-back-memory.ts',
    'settings.ts',
    'stored-configuration.ts',
    'salt-check.ts',
    'auth/',
    'accounting/',
    'errors/',
    'providers/',
    'storage/',
    'telemetry/',
    'upstream/',
  ],
  'give-back-memory.ts': [],
  'keep-tick-class.ts': [],
  'create-gateway.ts': ['status.ts', 'endpoints/', 'errors/', 'telemetry/'],
  'create-limits.ts': ['limits/'],
  'create-rooms.ts': ['accounting/', 'routing/', 'telemetry/', 'upstream/'],
  'app.ts': ['endpoints/', 'management/', 'errors/'],
  'watch-folders.ts': [],
  'configuration.ts': [
    'watch-folders.ts',
    'settings.ts',
    'stored-document.ts',
    'auth/',
    'limits/',
    'routing/',
  ],
  'settings.ts': [],
  'stored-document.ts': [],
  'stored-configuration.ts': ['stored-document.ts', 'auth/'],
  'salt-check.ts': [],
  'status.ts': [],
  'workers.ts': ['limits/'],
  'doctor.ts': ['doctor/'],
  'doctor/': [],
  'endpoints/': ['pipeline/', 'auth/', 'errors/', 'upstream/'],
  'management/': ['endpoints/', 'auth/', 'limits/', 'routing/', 'accounting/', 'errors/'],
  'pipeline/': [
    'auth/',
    'limits/',
    'routing/',
    'providers/',
    'dialects/',
    'upstream/',
    'accounting/',
    'errors/',
  ],
  'auth/': ['errors/'],
  'limits/': ['errors/'],
  'routing/': ['providers/', 'errors/'],
  'providers/': ['errors/'],
  'dialects/': ['errors/'],
  'upstream/': ['errors/'],
  'accounting/': ['errors/'],
  'storage/': ['errors/'],
  'telemetry/': ['errors/'],
  'errors/': [],
}

describe('the arrows of the map', () => {
  test('every file of the gateway stands in a room that the map knows', () => {
    const unknown = gateway.map(({ name }) => roomOf(name)).filter((room) => !(room in arrows))
    expect(unknown).toEqual([])
  })

  test('a room imports only the rooms below it', () => {
    const wrong = gateway.flatMap(({ name, imports }) =>
      imports
        .filter(({ to, isTypeOnly }) => to.startsWith('gateway/') && !isTypeOnly)
        .filter(({ to }) => roomOf(to) !== roomOf(name))
        .filter(({ to }) => !arrows[roomOf(name)]?.includes(roomOf(to)))
        .map(({ to }) => `${name} -> ${to}`),
    )
    expect(wrong).toEqual([])
  })

  test('storage and telemetry are imported where the rooms are put together, elsewhere only as types', () => {
    const builders = ['run.ts', 'create-gateway.ts', 'create-rooms.ts']
    const wrong = gateway
      .filter(({ name }) => roomOf(name) !== 'storage/' && !builders.includes(roomOf(name)))
      .flatMap(({ name, imports }) =>
        imports.filter(
          ({ to, isTypeOnly }) =>
            /gateway\/(storage|telemetry)\//.test(to) && !isTypeOnly && roomOf(to) !== roomOf(name),
        ),
      )
    expect(wrong).toEqual([])
  })

  test('no room borrows even a type from the endpoints, the app or the start', () => {
    const inner =
      /^gateway\/(auth|routing|providers|dialects|upstream|accounting|errors|pipeline)\//
    const wrong = gateway
      .filter(({ name }) => inner.test(name))
      .flatMap(({ imports }) => imports)
      .filter(({ to }) => /^gateway\/(endpoints\/|app|run|main|workers)/.test(to))
    expect(wrong).toEqual([])
  })

  test('gateway and infra meet only in modules', () => {
    const wrong = files.flatMap(({ name, imports }) =>
      imports.filter(
        ({ to }) =>
          (name.startsWith('gateway/') && /^(infra|scripts|test)\//.test(to)) ||
          (name.startsWith('infra/') && /^(gateway|scripts|test)\//.test(to)) ||
          (name.startsWith('modules/') && /^(gateway|infra|scripts|test)\//.test(to)),
      ),
    )
    expect(wrong).toEqual([])
  })

  test('no circle of files that run', () => {
    const next = new Map(
      files.map(({ name, imports }) => [
        name,
        imports.filter(({ isTypeOnly }) => !isTypeOnly).map(({ to }) => to),
      ]),
    )
    const done = new Set<string>()
    const circles: string[] = []
    const walk = (name: string, way: readonly string[]): void => {
      if (way.includes(name)) circles.push([...way.slice(way.indexOf(name)), name].join(' -> '))
      if (done.has(name) || way.includes(name)) return
      for (const to of next.get(name) ?? []) walk(to, [...way, name])
      done.add(name)
    }
    for (const { name } of files) walk(name, [])
    expect(circles).toEqual([])
  })
})

describe('what only some may do', () => {
  test('only main.ts and settings.ts read the environment of the process', () => {
    const readers = gateway.filter(({ text }) => /\bprocess\.env\b/.test(text))
    expect(
      readers.map(({ name }) => name).filter((name) => !/\/(main|settings)\.ts$/.test(name)),
    ).toEqual([])
  })

  test('a provider and a dialect are pure: no socket, no file, no clock, no chance, no log', () => {
    const impure =
      /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bconsole\.|\bperformance\.|\bsetTimeout\b|\bprocess\.|\bfetch\(|\brandom(UUID|Bytes|Int)\b/
    // Signatures, digests and checksums are computed like anything else.
    const packages = /^(node:(?!buffer$|util$|crypto$|zlib$)|undici|pino|fastify|pg)/
    const providers = gateway.filter(({ name }) =>
      ['providers/', 'dialects/'].includes(roomOf(name)),
    )
    expect(providers.length).toBeGreaterThan(10)
    for (const { name, text, imports } of providers) {
      expect([name, impure.exec(text)?.[0]]).toEqual([name, undefined])
      expect(imports.filter(({ to }) => packages.test(to))).toEqual([])
    }
  })

  test('nobody outside providers/ compares with the name of one', async () => {
    const { providers } = await import('../gateway/providers/index.ts')
    const names = Object.keys(providers).map((name) =>
      name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'),
    )
    const compared = new RegExp(
      `(===|!==|case|includes\\(|startsWith\\()\\s*['"](${names.join('|')})/?['"]`,
    )
    // Two of them are also styles of errors, which an endpoint names; one is a kind of tool.
    const allowed = /errors(:| ===) '(openai|anthropic)'|\btype (===|!==) 'custom'/
    const wrong = gateway
      .filter(({ name }) => roomOf(name) !== 'providers/')
      .flatMap(({ name, text }) =>
        text
          .split('\n')
          .filter((line) => compared.test(line) && !allowed.test(line))
          .map((line) => `${name}: ${line.trim()}`),
      )
    expect(wrong).toEqual([])
  })

  test('a dialect is known by its line in the list, and to no file beyond the providers', () => {
    const shared = /\/(provider|openai-compatible|openai-vendors|resolve-provider)\.ts$/
    const list = gateway.find(({ name }) => name === 'gateway/providers/index.ts')
    const dialects =
      list?.imports.filter(({ to }) => to.startsWith('gateway/providers/') && !shared.test(to)) ??
      []
    expect(dialects.length).toBeGreaterThan(10)
    for (const { to } of dialects) {
      const name = path.basename(to)
      const lines = list?.text.split('\n').filter((line) => line.includes(`'./${name}'`))
      expect([to, lines?.length]).toEqual([to, 1])
      const others = gateway.filter(
        (file) => roomOf(file.name) !== 'providers/' && file.imports.some((one) => one.to === to),
      )
      expect([to, others.map((file) => file.name)]).toEqual([to, []])
    }
  })

  test('only the storage speaks to Postgres, only the upstream room opens calls', () => {
    const users = (packageName: string) =>
      new Set(
        gateway
          .filter(({ imports }) =>
            imports.some(({ to, isTypeOnly }) => to.split('/')[0] === packageName && !isTypeOnly),
          )
          .map(({ name }) => roomOf(name)),
      )
    expect([...users('pg')]).toEqual(['storage/'])
    expect([...users('undici')]).toEqual(['upstream/'])
  })
})

describe('the shape of the tree', () => {
  test('folders are at most two deep', () => {
    const deep = files.map(({ name }) => name).filter((name) => name.split('/').length > 3)
    expect(deep).toEqual([])
  })

  test('a file is named after what it does', () => {
    const bad = files
      .map(({ name }) => path.basename(name))
      .filter(
        (name) =>
          !/^[a-z\d]+(-[a-z\d]+)*(\.d)?\.ts$/.test(name) ||
          /^(utils?|helpers?|common|misc)\.ts$/.test(name),
      )
    expect(bad).toEqual([])
  })

  test('exports have names', () => {
    expect(
      files.filter(({ text }) => /^export default/m.test(text)).map(({ name }) => name),
    ).toEqual([])
  })
})
