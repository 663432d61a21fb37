import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { imageInputs } from '../../infra/image-tag.ts'

/** Writes the folder the image is built from: our sources, package.json and the production node_modules. */
export function writeContext(root: string, context: string): void {
  for (const file of imageInputs(root)) {
    mkdirSync(dirname(join(context, file)), { recursive: true })
    copyFileSync(join(root, file), join(context, file))
  }
  renameSync(join(context, 'gateway', 'Dockerfile'), join(context, 'Dockerfile'))
  installProduction(root, context)
  prune(join(context, 'node_modules'))
  openForReading(context)
}

/** What package-lock.json says is needed to run, and no install script. */
function installProduction(root: string, context: string): void {
  for (const file of ['package.json', 'package-lock.json', '.npmrc']) {
    if (existsSync(join(root, file))) copyFileSync(join(root, file), join(context, file))
  }
  const args = ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund']
  const npm = process.env['npm_execpath']
  const run = npm
    ? spawnSync(process.execPath, [npm, ...args], { cwd: context, encoding: 'utf8' })
    : spawnSync('npm', args, { cwd: context, encoding: 'utf8' })
  if (run.status !== 0) {
    throw new Error(
      `npm could not install the production packages:\n${run.stderr || run.error?.message}`,
    )
  }
  for (const file of ['package-lock.json', '.npmrc']) rmSync(join(context, file), { force: true })
}

const needlessFile = /\.(d\.[cm]?ts|map|md|markdown|flow|tsbuildinfo)$|^\./i
const licence = /^(licen[cs]e|notice|copying)/i
const needlessFolder = new Set([
  'test',
  'tests',
  '__tests__',
  'docs',
  'benchmark',
  'benchmarks',
  'examples',
])

/** Leaves out what only people and compilers read. Licences stay. */
export function prune(modules: string): void {
  for (const folder of packagesIn(modules)) {
    for (const name of readdirSync(folder)) {
      if (needlessFolder.has(name)) rmSync(join(folder, name), { recursive: true })
    }
    pruneFiles(folder)
  }
  rmSync(join(modules, '.package-lock.json'), { force: true })
  rmSync(join(modules, '.bin'), { recursive: true, force: true })
}

function packagesIn(modules: string): string[] {
  return readdirSync(modules)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      name.startsWith('@')
        ? readdirSync(join(modules, name)).map((inner) => join(modules, name, inner))
        : [join(modules, name)],
    )
}

function pruneFiles(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) pruneFiles(path)
    else if (needlessFile.test(entry.name) && !licence.test(entry.name)) rmSync(path)
  }
}

/** The image's user is neither the owner nor in the group of these files. */
function openForReading(path: string): void {
  const stat = lstatSync(path)
  if (stat.isSymbolicLink()) return
  chmodSync(path, stat.isDirectory() ? 0o755 : 0o644)
  if (!stat.isDirectory()) return
  for (const name of readdirSync(path)) openForReading(join(path, name))
}
