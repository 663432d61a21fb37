import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, existsSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { imageName } from '../infra/image-tag.ts'
import { readPlatform } from '../modules/platform.ts'
import { builderNames, findBuilder } from './image/builders.ts'
import type { Builder, Passed } from './image/builders.ts'
import { writeContext } from './image/context.ts'

const usage = `npm run image              builds the gateway's image with the first tool that answers
  -- --builder <name>      ${builderNames.join(', ')}
  -- --base <image>        another base image that has Node 24 (default: the Dockerfile's)
  -- --push                also pushes it to the registry that platform.image names
  -- --context <folder>    only writes the folder to build from, for a builder of your own`

class ImageError extends Error {}

const root = dirname(import.meta.dirname)

async function main(): Promise<void> {
  const options = readArguments()
  if (options.help) return print(usage)
  const tag = wantedTag()
  if (options.context !== undefined) return writeOnlyContext(resolve(options.context), tag)
  const builder = chooseBuilder(options.builder)
  const context = mkdtempSync(join(tmpdir(), 'colonnade-image-'))
  try {
    print(`Building ${tag} with ${builder.name}`)
    await writeContext(root, context)
    run(builder.build({ tag, context, base: options.base }))
  } finally {
    rmSync(context, { recursive: true, force: true })
  }
  print(`Built ${tag}${sizeOf(builder, tag)}`)
  if (options.push) run(builder.push(tag))
  for (const line of nextSteps(builder, tag, options.push)) print(line)
}

function wantedTag(): string {
  const file = join(root, 'platform.yaml')
  const text = existsSync(file) ? readFileSync(file, 'utf8') : undefined
  return imageName(readPlatform(text).platform, root)
}

async function writeOnlyContext(folder: string, tag: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  await writeContext(root, folder)
  print(`${folder} is ready. Build it as ${tag}, which is what k8s/ asks for.`)
}

function chooseBuilder(wanted: string | undefined): Builder {
  const only = builderNames.find((name) => name === wanted)
  if (wanted !== undefined && only === undefined) {
    throw new ImageError(
      `--builder: expected one of ${builderNames.join(', ')}, found "${wanted}".`,
    )
  }
  const { builder, passed } = findBuilder(process.env, only)
  for (const line of passedOver(passed)) print(line)
  if (builder) return builder
  throw new ImageError(
    only === undefined
      ? `Nothing here can build an image. Install one of ${builderNames.join(', ')}, or start the one you have ` +
          '(`docker info` or `minikube status` must succeed), and run it again. ' +
          '`npm run image -- --context <folder>` writes what any other builder needs.'
      : `${only} cannot build here: ${passed[0]?.reason ?? 'it does not answer'}.`,
  )
}

/** Only those that are installed and do not answer are worth a line. */
function passedOver(passed: readonly Passed[]): string[] {
  return passed
    .filter(({ isInstalled }) => isInstalled)
    .map(({ name, reason }) => `${name} is installed but does not answer, passed over: ${reason}`)
}

function sizeOf(builder: Builder, tag: string): string {
  const [program, ...args] = builder.size?.(tag) ?? []
  if (program === undefined) return ''
  const printed = spawnSync(program, args, { encoding: 'utf8' }).stdout?.trim() ?? ''
  if (printed === '') return ''
  const bytes = Number(printed)
  return `, ${Number.isNaN(bytes) ? printed : `${Math.round(bytes / 1e6)} MB`} unpacked`
}

function nextSteps(builder: Builder, tag: string, isPushed: boolean): string[] {
  const ways = isPushed ? [] : builder.next(tag)
  return [
    ...(ways.length > 0
      ? ['Next, bring it into the cluster:', ...ways.map((way) => `  ${way}`)]
      : []),
    ...(ways.length > 0 && tag.includes('/') ? ['or: npm run image -- --push'] : []),
    'Then: npm run synth && kubectl apply -k .',
  ]
}

function run([program = '', ...args]: readonly string[]): void {
  const { status, error } = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (status === 0) return
  throw new ImageError(
    `${[program, ...args].join(' ')} failed${error ? `: ${error.message}` : '.'}`,
  )
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        builder: { type: 'string' },
        base: { type: 'string' },
        push: { type: 'boolean', default: false },
        context: { type: 'string' },
      },
    }).values
  } catch (error) {
    throw new ImageError(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
