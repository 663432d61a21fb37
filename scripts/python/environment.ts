import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** `PYTHON`, else the first on the path that is new enough and can make an environment. */
export function findPython(): string | undefined {
  const isFit = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))'
  return [process.env['PYTHON'], 'python3', 'python'].find(
    (python) => python !== undefined && spawnSync(python, ['-c', isFit]).status === 0,
  )
}

interface Packages {
  /** Names the folder below `.colonnade/`. */
  readonly name: string
  /** A requirements.txt. */
  readonly requirements: string
  /** Said before they are installed, which takes a while. */
  readonly announce: () => void
}

/** The folder of programs of an environment that holds the packages, installed once; undefined where they could not be. */
export function installPackages(
  root: string,
  python: string,
  { name, requirements, announce }: Packages,
): string | undefined {
  const version = spawnSync(python, ['-VV'], { encoding: 'utf8' }).stdout
  const wanted = createHash('sha256').update(version).update(readFileSync(requirements))
  const folder = join(root, '.colonnade', `${name}-${wanted.digest('hex').slice(0, 12)}`)
  const programs = join(folder, 'bin')
  if (existsSync(join(folder, 'complete'))) return programs
  announce()
  mkdirSync(dirname(folder), { recursive: true })
  rmSync(folder, { recursive: true, force: true })
  const install = ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', '-r', requirements]
  const isDone = isRun(python, ['-m', 'venv', folder]) && isRun(join(programs, 'python'), install)
  if (isDone) {
    mkdirSync(join(folder, 'begun'))
    renameSync(join(folder, 'begun'), join(folder, 'complete'))
    return programs
  }
  rmSync(folder, { recursive: true, force: true })
  return undefined
}

function isRun(program: string, args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'inherit' }).status === 0
}
