import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { faultLine } from '../modules/read-module.ts'
import { backendName } from './backends/backend.ts'
import { ensureEnvFile } from './env-file.ts'
import { readFleet } from './fleet.ts'
import type { Fleet } from './fleet.ts'
import { imageName } from './image-tag.ts'
import { deletionCommands, objectDeletionCommands, sweepingCommand } from './removal.ts'
import { renderSecrets } from './secrets.ts'
import { shownDifferences } from './shown-differences.ts'
import { synthesiseOverlays } from './overlays/index.ts'
import { synthesise, synthesiseComponents } from './synthesise.ts'
import { applyDifferences, compareFolder } from './write-folder.ts'
import type { Difference } from './write-folder.ts'

const usage = `npm run synth               writes k8s/, components/, overlays/ and secrets/ from modules/, platform.yaml and .env
  -- --check                only tells whether they are what the modules say; needs no .env
  -- --removed              also prints what deletes every module that is no more`

class UsageError extends Error {}

/** Writes what the modules say, or checks it; gives the exit status. */
export function synth(root: string, args: readonly string[], say: (line: string) => void): number {
  const options = readArguments(args)
  if (options.help) return tell(say, [usage], 0)
  const fleet = readFleet(root)
  for (const fault of fleet.faults) say(faultLine(fault))
  if (fleet.faults.some(({ severity }) => severity === 'error'))
    return tell(say, ['k8s/ is as it was: correct the above first.'], 1)
  const parts = partsOf(root, fleet)
  if (options.check) return check(parts, say)
  for (const { folder, files, differences } of parts) {
    applyDifferences(join(root, folder), differences)
    say(`${folder}/: ${files.size} files, ${countOf(differences)}.`)
  }
  writeSecrets(root, fleet, say)
  const commands = parts.flatMap(({ folder, files, differences }) => {
    if (folder === 'k8s') return deletionCommands(differences, files)
    return folder === 'components' ? objectDeletionCommands(differences) : []
  })
  if (options.removed)
    commands.push(
      sweepingCommand(
        fleet.platform.namespace,
        fleet.modules.flatMap((module) => [
          module.name,
          ...(module.deploy.backends ?? []).map((backend) => backendName({ backend, module })),
        ]),
      ),
    )
  if (commands.length > 0)
    tell(
      say,
      [
        'What is no longer in k8s/ stays in a cluster until you run:',
        ...commands.map((command) => `  ${command}`),
      ],
      0,
    )
  return 0
}

interface Part {
  readonly folder: string
  readonly files: ReadonlyMap<string, string>
  readonly differences: readonly Difference[]
}

/** Each generated folder that is committed, and how it differs from what it should be. */
function partsOf(root: string, fleet: Fleet): Part[] {
  const synthesis = { ...fleet, image: imageName(fleet.platform, root) }
  const folders = {
    k8s: synthesise(synthesis),
    components: synthesiseComponents(synthesis),
    overlays: synthesiseOverlays(synthesis),
  }
  return Object.entries(folders).map(([folder, files]) => ({
    folder,
    files,
    differences: compareFolder(join(root, folder), files),
  }))
}

function check(parts: readonly Part[], say: (line: string) => void): number {
  const differences = parts.flatMap((part) =>
    part.differences.map((difference) => ({
      ...difference,
      path: `${part.folder}/${difference.path}`,
    })),
  )
  const total = parts.reduce((sum, { files }) => sum + files.size, 0)
  return tell(say, shownDifferences(differences, total), differences.length === 0 ? 0 : 1)
}

const noEnvFile = { values: {}, created: false, added: [], asked: [] }

function writeSecrets(root: string, fleet: Fleet, say: (line: string) => void): void {
  const isOurs = fleet.platform.secrets.mode === 'generated'
  const { values, created, added, asked } = isOurs ? ensureEnvFile(root, fleet) : noEnvFile
  if (created) say(`.env: made, with strong random values for ${added.join(', ')}.`)
  else if (added.length > 0) say(`.env: added strong random values for ${added.join(', ')}.`)
  if (asked.length > 0) say(`.env: yours to fill, where you use it: ${asked.join(', ')}.`)
  const folder = join(root, 'secrets')
  const files = renderSecrets(fleet, values)
  const differences = compareFolder(folder, files)
  applyDifferences(folder, differences, { file: 0o600, folder: 0o700 })
  say(
    isOurs
      ? `secrets/: ${files.size} files, ${countOf(differences)}. Git ignores them.`
      : 'secrets/: empty, for the Secrets are made elsewhere (secrets of platform.yaml).',
  )
}

function countOf(differences: readonly { wanted?: string; found?: string }[]): string {
  const removed = differences.filter(({ wanted }) => wanted === undefined).length
  const written = differences.length - removed
  if (differences.length === 0) return 'nothing changed'
  return [
    ...(written > 0 ? [`${written} written`] : []),
    ...(removed > 0 ? [`${removed} removed`] : []),
  ].join(', ')
}

function tell(say: (line: string) => void, lines: readonly string[], status: number): number {
  for (const line of lines) say(line)
  return status
}

function readArguments(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        check: { type: 'boolean', default: false },
        removed: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
  }
}

/** What to do about a file that cannot be written or read; undefined: not about files. */
function adviceFor(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('path' in error)) return undefined
  return `${String(error.path)}: ${String(error.code)}. Check that this folder is yours to read and write.`
}

if (import.meta.main) {
  const root = dirname(import.meta.dirname)
  try {
    process.exitCode = synth(root, process.argv.slice(2), (line) =>
      process.stdout.write(`${line}\n`),
    )
  } catch (error) {
    const message = error instanceof UsageError ? error.message : adviceFor(error)
    if (message === undefined) throw error
    process.stderr.write(`${message}\n`)
    process.exitCode = 2
  }
}
