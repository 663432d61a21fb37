import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { table } from './report.ts'

/** What one size of fleet cost. */
interface SynthFigures {
  readonly modules: number
  readonly files: number
  /** Reading and synthesising, without Node's own start. */
  readonly cpuSeconds: number
  readonly peakRssMb: number
}

/** The whole of `npm run bench -- synth --json`. */
export interface SynthReport {
  readonly sizes: readonly SynthFigures[]
  /** CPU that each module adds from 50 to 500 over what it adds from 5 to 50; 1 is a straight line. */
  readonly linearity: number
}

const sizes = [5, 50, 500]
const targetSeconds = 2

/** Synthesises fleets of three sizes, each in a folder and a process of its own. */
export async function benchSynth(root: string): Promise<SynthReport> {
  const figures = sizes.map((modules) => measure(root, modules))
  const [small, middle, large] = figures
  if (!small || !middle || !large) throw new Error('nothing was measured')
  const linearity = slope(middle, large) / slope(small, middle)
  return { sizes: figures, linearity: Math.round(linearity * 100) / 100 }
}

/** The report for people. */
export function printedSynth({ sizes: figures, linearity }: SynthReport): string {
  const largest = figures.at(-1)
  const rows = figures.map((each) => [
    `${each.modules} modules`,
    each.cpuSeconds.toFixed(2),
    ((each.cpuSeconds / each.modules) * 1000).toFixed(2),
    each.peakRssMb.toFixed(0),
    String(each.files),
  ])
  const isMet = largest !== undefined && largest.cpuSeconds <= targetSeconds
  return [
    table([['', 'CPU s', 'CPU ms/module', 'peak RSS MB', 'files'], ...rows]),
    '',
    `${largest?.modules} modules: ${largest?.cpuSeconds.toFixed(2)} s of CPU (target ≤ ${targetSeconds}${isMet ? '' : ': missed'})`,
    `a module of 500 costs ${linearity} × one of 50 (1 is a straight line)`,
  ].join('\n')
}

function slope(from: SynthFigures, to: SynthFigures): number {
  return (to.cpuSeconds - from.cpuSeconds) / (to.modules - from.modules)
}

function measure(root: string, modules: number): SynthFigures {
  const folder = mkdtempSync(join(tmpdir(), 'colonnade-bench-synth-'))
  try {
    writeFleet(root, folder, modules)
    const once = fileURLToPath(import.meta.resolve('./synth-once.ts'))
    const run = spawnSync(process.execPath, [once, folder], { encoding: 'utf8' })
    if (run.status !== 0) throw new Error(`synth of ${modules} modules failed:\n${run.stderr}`)
    const found: SynthFigures = JSON.parse(run.stdout)
    if (found.modules !== modules) {
      throw new Error(`synth used ${found.modules} of ${modules} modules`)
    }
    return found
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function writeFleet(root: string, folder: string, modules: number): void {
  mkdirSync(join(folder, 'modules'))
  const platform = join(root, 'platform.yaml')
  if (existsSync(platform)) copyFileSync(platform, join(folder, 'platform.yaml'))
  for (let at = 1; at <= modules; at++) {
    writeFileSync(join(folder, 'modules', `bench-${at}.yaml`), moduleFile(at))
  }
}

/** A module of the size people have: five models, two of them at two places. */
function moduleFile(at: number): string {
  const models = Array.from({ length: 5 }, (_, model) => [
    `  - model_name: model-${model}`,
    '    litellm_params:',
    `      model: ollama_chat/model-${at}-${model}`,
    '      api_base: http://${BACKEND_HOST}:11434',
    '      timeout: 120',
  ])
  const cloud = [0, 1].map((model) => [
    `  - model_name: model-${model}`,
    '    litellm_params:',
    `      model: openai/model-${model}`,
    '      api_key: os.environ/OPENAI_API_KEY',
    '      order: 2',
  ])
  return [
    '# One of many, made by the bench.',
    'endpoints: [chat-completions, completions]',
    'deploy:',
    '  replicas: 2',
    'model_list:',
    ...models.flat(),
    ...cloud.flat(),
    'router_settings:',
    '  num_retries: 2',
    '',
  ].join('\n')
}
