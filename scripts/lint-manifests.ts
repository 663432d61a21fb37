import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { checkov } from './manifests/checkov.ts'
import { exceptions, ofHostNetwork } from './manifests/exceptions.ts'
import { kubeScore } from './manifests/kube-score.ts'
import { kubeconform } from './manifests/kubeconform.ts'
import { LinterError } from './manifests/linter.ts'
import type { Linter, Rendered } from './manifests/linter.ts'
import { restricted } from './manifests/restricted.ts'
import { kubernetesVersions } from './manifests/schemas.ts'
import { writeTargets } from './manifests/targets.ts'
import type { Target } from './manifests/targets.ts'
import { installTools, kubectl, missingPrograms } from './manifests/tools.ts'
import { judge } from './manifests/verdict.ts'

const usage = `npm run lint:manifests      what strict tools find wrong with all that synth can write; a minute or two, five the first time
                            kubeconform, kube-score, checkov, and Kubernetes' own restricted level; needs kubectl, go and python3`

/**
 * `npm run lint:manifests`: holds the base, every overlay, every example of docs/platforms and every component to four
 * strict tools, which come once into a folder of their own under `.colonnade/`. The last line says `N passed, N failed`;
 * exit code 1 where something was found, 2 where the tools cannot be run here.
 */
const root = dirname(import.meta.dirname)
const cannotRun = 2

async function main(): Promise<number> {
  if (parsedWords().help) {
    print(usage)
    return 0
  }
  const missing = missingPrograms()
  if (missing.length > 0) {
    print(`The manifests were not checked: there is no ${missing.join(', no ')}.`)
    return cannotRun
  }
  const tools = installTools(root, print)
  if (tools === undefined) {
    print('The manifests were not checked: the tools could not be installed, for the reason above.')
    return cannotRun
  }
  const linters = [
    ...kubernetesVersions.map((version) => kubeconform(tools, version)),
    kubeScore(tools),
    checkov(tools),
    restricted(tools),
  ]
  const folder = mkdtempSync(join(tmpdir(), 'colonnade-manifests-'))
  try {
    return await lint(linters, render(writeTargets(root, folder), join(folder, 'rendered')))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Each target as one file, in a folder that holds nothing else. */
function render(targets: readonly Target[], folder: string): Rendered[] {
  mkdirSync(folder)
  return targets.map((target, index) => {
    const { stdout, stderr, status } = spawnSync(kubectl, ['kustomize', target.folder], {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    })
    if (status !== 0) throw new Error(`${target.name} does not build: ${stderr}`)
    const file = join(folder, `target-${index}.yaml`)
    writeFileSync(file, stdout)
    const objects = parseAllDocuments(stdout).map((document): unknown => document.toJS())
    return { name: target.name, file, objects }
  })
}

async function lint(linters: readonly Linter[], rendered: readonly Rendered[]): Promise<number> {
  let passed = 0
  let failed = 0
  for (const linter of linters) {
    const all = [...exceptions, ...ofHostNetwork]
    const { findings, inVain } = judge(linter.name, await linter.find(rendered), all)
    for (const { name, objects } of rendered) {
      const own = findings.filter(({ target }) => target === name)
      if (own.length === 0) {
        passed += 1
        print(`ok     ${linter.name}: ${name}: ${objects.length} objects, 0 findings`)
        continue
      }
      failed += 1
      print(`FAILED ${linter.name}: ${name}: ${objects.length} objects, ${own.length} findings`)
      for (const { object, rule, text } of own) print(`         ${object}: ${rule}: ${text}`)
    }
    for (const { rule, why } of inVain) {
      failed += 1
      print(`FAILED ${linter.name}: nothing needs the exception for ${rule} any more: ${why}`)
    }
  }
  print(`${passed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

function parsedWords() {
  return parseArgs({ options: { help: { type: 'boolean', short: 'h', default: false } } }).values
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof LinterError)) throw error
  print(`A tool could not look at the manifests: ${error.message}`)
  process.exitCode = 1
}
