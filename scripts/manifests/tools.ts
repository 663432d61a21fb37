import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { findPython, installPackages } from '../python/environment.ts'
import { writeSchemas } from './schemas.ts'

/** Where the tools are. */
export interface Tools {
  readonly kubeconform: string
  readonly kubeScore: string
  readonly checkov: string
  /** Kubernetes' evaluator of the `restricted` level. */
  readonly restricted: string
  /** Folder of the schemas that kubeconform reads. */
  readonly schemas: string
}

// Not of a package: whoever has them, has them.
export const kubectl = 'kubectl'
const go = 'go'

const goPackages = [
  'github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0',
  'github.com/zegl/kube-score/cmd/kube-score@v1.20.0',
]
const evaluator = join(import.meta.dirname, 'restricted')
const requirements = join(import.meta.dirname, 'requirements.txt')

/** What is not installed here, and is nobody's to install for them. */
export function missingPrograms(): string[] {
  const python = 'python3 (3.11 or newer, with venv)'
  const asked: readonly (readonly [string, boolean])[] = [
    [kubectl, spawnSync(kubectl, ['version', '--client']).status === 0],
    [go, spawnSync(go, ['version']).status === 0],
    [python, findPython() !== undefined],
  ]
  return asked.filter(([, isThere]) => !isThere).map(([name]) => name)
}

/** Installs the tools below `.colonnade/`, once, by `go` and `pip`; undefined where they could not be. */
export function installTools(root: string, print: (line: string) => void): Tools | undefined {
  const programs = installPackages(root, findPython() ?? 'python3', {
    name: 'manifest-checkers',
    requirements,
    announce: () => print('Installing checkov and the schemas of Kubernetes …'),
  })
  if (programs === undefined) return undefined
  const compiled = installGoTools(root, programs, print)
  if (compiled === undefined) return undefined
  return {
    kubeconform: join(compiled, 'kubeconform'),
    kubeScore: join(compiled, 'kube-score'),
    checkov: join(programs, 'checkov'),
    restricted: join(compiled, 'restricted'),
    schemas: join(compiled, 'schemas'),
  }
}

function installGoTools(
  root: string,
  pythonPrograms: string,
  print: (line: string) => void,
): string | undefined {
  const folder = join(root, '.colonnade', `manifest-tools-${hashOfSources()}`)
  if (existsSync(folder)) return folder
  print('Compiling kubeconform, kube-score and the evaluator of the restricted level …')
  const begun = `${folder}-begun`
  rmSync(begun, { recursive: true, force: true })
  mkdirSync(begun, { recursive: true })
  const isDone =
    goPackages.every((name) => isBuilt(['install', name], { GOBIN: begun })) &&
    isBuilt(['build', '-C', evaluator, '-o', join(begun, 'restricted'), '.'])
  if (!isDone) {
    rmSync(begun, { recursive: true, force: true })
    return undefined
  }
  writeSchemas(join(begun, 'schemas'), join(pythonPrograms, 'python'))
  renameSync(begun, folder)
  return folder
}

/** Of everything that the tools are made from. */
function hashOfSources(): string {
  const hash = createHash('sha256').update(goPackages.join()).update(readFileSync(requirements))
  for (const name of ['main.go', 'go.mod', 'go.sum'])
    hash.update(readFileSync(join(evaluator, name)))
  for (const name of ['schemas.ts', '../../test/infra/custom-resources.ts'])
    hash.update(readFileSync(join(import.meta.dirname, name)))
  return hash.digest('hex').slice(0, 12)
}

function isBuilt(
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): boolean {
  const env = { ...process.env, GOFLAGS: '-buildvcs=false', GOWORK: 'off', ...variables }
  return spawnSync(go, args, { stdio: 'inherit', env }).status === 0
}
