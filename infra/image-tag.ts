import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Platform } from '../modules/platform.ts'
import { isObject } from '../modules/json-object.ts'

/** The image's full name: platform.yaml's, tagged by what is in it unless it brings its own tag or digest. */
export function imageName(
  { image, imageDigest }: Pick<Platform, 'image' | 'imageDigest'>,
  root: string,
): string {
  if (imageDigest !== undefined) return `${image}@${imageDigest}`
  return /@sha256:|:[^/]+$/.test(image) ? image : `${image}:${imageTag(root)}`
}

/** A hash of everything that goes into the gateway image, the same on every machine. */
export function imageTag(root: string): string {
  const hash = createHash('sha256')
  for (const file of imageInputs(root)) add(hash, file, readText(join(root, file)))
  add(hash, 'packages', packagesText(root))
  return hash.digest('hex').slice(0, 12)
}

/** The files that go into the image as they are, in order. */
export function imageInputs(root: string): string[] {
  const gateway = filesBelow(join(root, 'gateway')).map((file) => `gateway/${file}`)
  const modules = filesBelow(join(root, 'modules')).map((file) => `modules/${file}`)
  return [...gateway, ...modules.filter((file) => /^modules\/[^/]+\.ts$/.test(file))].sort()
}

function add(hash: ReturnType<typeof createHash>, name: string, text: string): void {
  hash.update(`${name}\0${Buffer.byteLength(text)}\0${text}`)
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/^\.|[~]$|\.swp$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .map((path) => path.replaceAll('\\', '/'))
}

/** Of package.json what a running program sees of it, of the lock file the packages it runs with. */
function packagesText(root: string): string {
  const { version, type, dependencies } = readJson(join(root, 'package.json'))
  const { packages } = readJson(join(root, 'package-lock.json'))
  const locked = Object.entries(isObject(packages) ? packages : {})
    .filter(([path, entry]) => path !== '' && isObject(entry) && entry['dev'] !== true)
    .map(([path, entry]) =>
      isObject(entry) ? `${path} ${String(entry['version'])} ${String(entry['integrity'])}` : path,
    )
  const wanted = Object.entries(isObject(dependencies) ? dependencies : {}).map(
    ([name, range]) => `${name} ${String(range)}`,
  )
  return JSON.stringify({ version, type, wanted: wanted.toSorted(), locked: locked.toSorted() })
}

function readText(file: string): string {
  return readFileSync(file, 'utf8').replaceAll('\r\n', '\n')
}

function readJson(file: string): Record<string, unknown> {
  if (!existsSync(file)) return {}
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
  return isObject(value) ? value : {}
}
