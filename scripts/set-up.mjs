// Runs before every npm script, in plain JavaScript for the Node that happens to be there, and makes sure that
// node_modules is what package-lock.json says and holds the Node the project is written for.
import { spawn, spawnSync } from 'node:child_process'
import { linkSync, lstatSync, mkdirSync, readFileSync, realpathSync, renameSync } from 'node:fs'
import { rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { delimiter, dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modulesFolder = join(root, 'node_modules')
const ownNode = join(modulesFolder, '.bin', 'node')
const lockFile = join(root, '.colonnade', 'set-up.lock')
const oldestNode = 20
const heartbeatMs = 2_000
const lockDiesMs = 20_000

/** What of a user's npm settings in the environment concerns the network; the rest would change what is installed. */
const networkSetting =
  /^npm_config_(registry|cache|userconfig|globalconfig|(https?_)?proxy|noproxy|ca|cafile|cert|key|strict_ssl|offline|prefer_offline|fetch_.*|maxsockets|_auth.*|\/\/.*|@.*)$/i

const reasons = [
  [/ENOSPC|EDQUOT/, 'The disk is full: make room (about 700 MB) and run it again.'],
  [/EACCES|EPERM|EROFS/, 'npm may not write here: check who owns this folder and npm’s cache.'],
  [/EUSAGE|in sync/, 'package.json and package-lock.json disagree: run `npm install` once.'],
  [
    /EINTEGRITY/,
    'A package is not the one package-lock.json names: run `npm cache clean --force`, or check the registry.',
  ],
  [
    /CERT|SELF_SIGNED|certificate/,
    'The registry’s certificate is not trusted here: set npm’s `cafile` for your proxy.',
  ],
  [
    /E40[13]|E407/,
    'The package registry wants a login: check `npm config get registry` and your .npmrc.',
  ],
  [
    /E404|ETARGET|E5\d\d/,
    'The package registry lacks a package or is unwell: check `npm config get registry`.',
  ],
  [
    /ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED|network/,
    'The package registry cannot be reached: is this machine offline, or behind a proxy (`npm config set proxy …`)?',
  ],
]

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

/** Why node_modules does not do; undefined when it does. Packages for other platforms may be missing. */
function findStaleness() {
  const wanted = readJson(join(root, 'package-lock.json'))?.packages
  if (wanted === undefined)
    throw new SetUpError(
      'package-lock.json is missing or not JSON: restore it with `git checkout package-lock.json`.',
    )
  const present = readJson(join(modulesFolder, '.package-lock.json'))?.packages
  if (present === undefined) return 'not installed'
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || (entry.optional && !present[path])) continue
    if (present[path]?.version !== entry.version || present[path]?.integrity !== entry.integrity)
      return 'out of date'
  }
  return hasOwnNode() ? undefined : 'without its Node'
}

function wantedMajor() {
  return String(readJson(join(root, 'package.json'))?.devDependencies?.node ?? '24').split('.')[0]
}

function hasOwnNode() {
  try {
    if (realpathSync(ownNode) === realpathSync(process.execPath)) return isWanted(process.version)
  } catch {
    return false
  }
  const asked = spawnSync(ownNode, ['--version'], { encoding: 'utf8' })
  return asked.status === 0 && isWanted(asked.stdout)
}

function isWanted(version) {
  return version.startsWith(`v${wantedMajor()}.`)
}

class SetUpError extends Error {}

/** Holds the lock for a folder; a holder that died, or whose heart stopped, loses it. */
async function takeLock() {
  mkdirSync(dirname(lockFile), { recursive: true })
  const mine = `${lockFile}.${process.pid}`
  let hasSaid = false
  try {
    for (;;) {
      writeFileSync(mine, JSON.stringify({ pid: process.pid, host: hostname() }))
      try {
        linkSync(mine, lockFile)
        return
      } catch (error) {
        if (error.code !== 'EEXIST') throw error
      }
      if (!removeDeadLock()) {
        if (!hasSaid)
          say('another npm script is installing the dependencies here; waiting for it …\n')
        hasSaid = true
        await new Promise((resolve) => setTimeout(resolve, 150))
      }
    }
  } finally {
    rmSync(mine, { force: true })
  }
}

/** True when the lock is gone and may be tried for again. */
function removeDeadLock() {
  try {
    const text = readFileSync(lockFile, 'utf8')
    if (!isDead(readJson(lockFile) ?? {}, Date.now() - statSync(lockFile).mtimeMs)) return false
    const aside = `${lockFile}.dead.${process.pid}`
    renameSync(lockFile, aside)
    // Another one may have been faster, and this is its lock.
    if (readFileSync(aside, 'utf8') !== text) linkSync(aside, lockFile)
    rmSync(aside, { force: true })
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error
  }
  return true
}

function isDead(holder, silentMs) {
  if (silentMs > lockDiesMs) return true
  if (holder.host !== hostname()) return false
  try {
    process.kill(holder.pid, 0)
    return false
  } catch (error) {
    return error.code === 'ESRCH'
  }
}

function dropLock() {
  if (readJson(lockFile)?.pid === process.pid) rmSync(lockFile, { force: true })
}

/** The environment npm should see: not that of the npm script around it, which says which packages to leave out. */
function cleanEnvironment() {
  const env = {}
  for (const [name, value] of Object.entries(process.env)) {
    if (/^npm_/i.test(name) && !networkSetting.test(name)) continue
    if (name === 'NODE_ENV' || name === 'NODE_OPTIONS' || name === 'INIT_CWD') continue
    env[name] = value
  }
  env.PATH = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== dirname(ownNode))
    .join(delimiter)
  return env
}

/** npm as it was called; through PATH when it runs on the very Node that is about to be replaced. */
function npmCommand() {
  const { npm_execpath: npm = '', npm_node_execpath: node = process.execPath } = process.env
  if (
    /npm-cli\.c?js$/.test(npm) &&
    !npm.startsWith(modulesFolder + sep) &&
    !node.startsWith(modulesFolder + sep)
  )
    return [node, npm]
  return ['npm']
}

function runNpm() {
  const [command, ...before] = npmCommand()
  const flags = [
    'ci',
    '--include=dev',
    '--include=optional',
    '--include=peer',
    '--package-lock=true',
    '--bin-links=true',
  ]
  const quiet = ['--no-audit', '--no-fund', '--no-progress', '--prefer-offline', '--loglevel=error']
  const child = spawn(command, [...before, ...flags, ...quiet], {
    cwd: root,
    env: cleanEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (output += bytes))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.once(signal, () => stopBy(signal, child))
  return new Promise((resolve) => {
    child.once('error', (error) =>
      resolve({ status: 1, output: `npm cannot be started: ${error.message}` }),
    )
    child.once('close', (status) => resolve({ status, output }))
  })
}

/** What npm complained about, without its usage text. */
function complaintIn(output) {
  const lines = output
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^npm error(\s+at .*)?\s*$/.test(line))
  const usage = lines.findIndex((line) => line.includes('Clean install a project'))
  const told = usage === -1 ? lines : lines.slice(0, usage)
  return (told.length > 20 ? [...told.slice(0, 12), '  …', ...told.slice(-7)] : told).join('\n')
}

function stopBy(signal, child) {
  child.kill(signal)
  dropLock()
  process.stderr.write('\n')
  process.exit(128 + { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }[signal])
}

async function install(why) {
  if (lstatSync(modulesFolder, { throwIfNoEntry: false })?.isSymbolicLink()) {
    throw new SetUpError(
      `node_modules is a link to ${realpathSync(modulesFolder)}, which is ${why}: run \`npm ci\` there, or remove the link.`,
    )
  }
  say(`dependencies are ${why}: installing them and Node ${wantedMajor()} (npm ci) … `)
  const startMs = Date.now()
  const heart = setInterval(() => utimesSync(lockFile, new Date(), new Date()), heartbeatMs)
  const { status, output } = await runNpm().finally(() => clearInterval(heart))
  if (status !== 0) {
    const reason =
      reasons.find(([pattern]) => pattern.test(output))?.[1] ?? 'What npm said is above.'
    throw new SetUpError(`npm ci failed. ${reason}`, { cause: complaintIn(output) })
  }
  const left = findStaleness()
  if (left !== undefined) {
    throw new SetUpError(
      `npm ci went well, and yet the dependencies are ${left}. If \`npm config get ignore-scripts\` says true, run \`npm rebuild node --ignore-scripts=false\`.`,
      { cause: complaintIn(output) },
    )
  }
  process.stderr.write(`done in ${((Date.now() - startMs) / 1000).toFixed(1)} s\n`)
}

function say(text) {
  process.stderr.write(`set-up: ${text}`)
}

async function main() {
  if (Number(process.versions.node.split('.')[0]) < oldestNode) {
    throw new SetUpError(
      `Colonnade needs Node ${oldestNode} or newer to set itself up; this is ${process.version}. Get one from nodejs.org or your package manager.`,
    )
  }
  if (findStaleness() === undefined) return
  await takeLock()
  try {
    const why = findStaleness()
    if (why !== undefined) await install(why)
  } finally {
    dropLock()
  }
}

try {
  await main()
} catch (error) {
  if (!(error instanceof SetUpError)) throw error
  const output = typeof error.cause === 'string' ? `\n${error.cause}\n` : ''
  process.stderr.write(`${output}set-up: ${error.message}\n`)
  process.exitCode = 1
}
