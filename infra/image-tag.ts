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

const bundler = { script: 'scripts/image/bundle.ts', package: 'node_modules/rolldown' }

/** The files the image is made of, and the one that makes it, in order. */
export function imageInputs(root: string): string[] {
  const gateway = filesBelow(join(root, 'gateway')).map((file) => `gateway/${file}`)
  const modules = filesBelow(join(root, 'modules')).map((file) => `modules/${file}`)
  const inputs = [...gateway, ...modules.filter((file) => /^modules\/[^/]+\.ts$/.test(file))]
  if (existsSync(join(root, bundler.script))) inputs.push(bundler.script)
  return inputs.sort()
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

/** Of package.json the packages that run, of the lock file what these are, and what bundles them. */
function packagesText(root: string): string {
  const { dependencies } = readJson(join(root, 'package.json'))
  const { packages } = readJson(join(root, 'package-lock.json'))
  const locked = Object.entries(isObject(packages) ? packages : {}).flatMap(([path, entry]) => {
    if (path === '' || !isObject(entry)) return []
    if (entry['dev'] === true && path !== bundler.package) return []
    return [`${path} ${String(entry['version'])} ${String(entry['integrity'])}`]
  })
  const wanted = Object.entries(isObject(dependencies) ? dependencies : {}).map(
    ([name, range]) => `${name} ${String(range)}`,
  )
  return JSON.stringify({ wanted: wanted.toSorted(), locked: locked.toSorted() })
}

function readText(file: string): string {
  return readFileSync(file, 'utf8').replaceAll('\r\n', '\n')
}

function readJson(file: string): Record<string, unknown> {
  if (!existsSync(file)) return {}
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
  return isObject(value) ? value : {}
}
