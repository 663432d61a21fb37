import type { Fault } from './module.ts'
import { withoutSecrets } from './secret-shapes.ts'
import type { Path, YamlSource } from './yaml-source.ts'

interface FaultOptions {
  /** Point at the key rather than at its value. */
  readonly part?: 'key' | 'value'
  /** The whole file is unusable, even where one entry of `model_list` is at fault. */
  readonly isWholeFile?: boolean
}

/** Beyond these nobody reads on. */
const mostFaults = 500

/** Collects what is wrong with one file. A fault inside a `model_list` entry takes out that entry alone. */
export class FaultList {
  readonly #file: string
  readonly #source: YamlSource
  readonly #faults: Fault[] = []
  readonly #modelsOut = new Set<number>()
  #isFileUnusable = false

  constructor(file: string, source: YamlSource) {
    this.#file = file
    this.#source = source
    this.#isFileUnusable = source.faults.some(({ severity }) => severity === 'error')
    for (const fault of source.faults) this.#faults.push({ file, path: '', ...fault })
  }

  error(path: Path, message: string, options: FaultOptions = {}): void {
    const [block, index] = path
    const isInEntry = block === 'model_list' && typeof index === 'number' && !options.isWholeFile
    if (isInEntry) this.#modelsOut.add(index)
    else this.#isFileUnusable = true
    this.#add('error', path, message, options)
  }

  warning(path: Path, message: string, options: FaultOptions = {}): void {
    this.#add('warning', path, message, options)
  }

  /** Whether an error makes the whole file unusable. */
  get isFileUnusable(): boolean {
    return this.#isFileUnusable
  }

  /** Whether enough is wrong: what comes now still counts, but is no longer listed. */
  get isFull(): boolean {
    return this.#faults.length >= mostFaults
  }

  /** Whether an error takes out one entry of `model_list`. */
  isModelOut(index: number): boolean {
    return this.#modelsOut.has(index)
  }

  /** All faults, in the order of the file, each once. */
  sorted(): Fault[] {
    const unique = new Map(this.#faults.map((fault) => [faultLine(fault), fault]))
    return [...unique.values()].sort(compareFaults)
  }

  #add(severity: Fault['severity'], path: Path, message: string, options: FaultOptions): void {
    // The first error is listed whatever comes before it.
    const isFirstError =
      severity === 'error' && !this.#faults.some((fault) => fault.severity === 'error')
    if (this.isFull && !isFirstError) return
    const [block, index] = path
    const isInEntry = block === 'model_list' && typeof index === 'number' && !options.isWholeFile
    this.#faults.push({
      file: this.#file,
      ...this.#source.positionOf(path, options.part ?? 'value'),
      path: pathText(path),
      message,
      severity,
      ...(isInEntry ? { modelIndex: index } : {}),
    })
  }
}

/** One line for people: `modules/llm.yaml:12:7 model_list[0].model_name: expected text, found a list`. */
export function faultLine(fault: Fault): string {
  const where = `${fault.file}:${fault.line}:${fault.column}`
  const what = fault.severity === 'warning' ? `warning: ${fault.message}` : fault.message
  return fault.path === '' ? `${where} ${what}` : `${where} ${fault.path}: ${what}`
}

/** `model_list[0].litellm_params.timeout`. */
export function pathText(path: Path): string {
  let text = ''
  for (const step of path.map(withoutSecret)) {
    if (typeof step === 'number') text += `[${step}]`
    else if (/^[\w-]{1,80}$/.test(step)) text += text === '' ? step : `.${step}`
    else text += `[${JSON.stringify(step.length > 40 ? `${step.slice(0, 40)}…` : step)}]`
  }
  return text
}

function withoutSecret(step: string | number): string | number {
  return typeof step === 'string' ? withoutSecrets(step) : step
}

/** The order of the files, and within each of its lines. */
export function compareFaults(a: Fault, b: Fault): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1
  return a.line - b.line || a.column - b.column || (a.message < b.message ? -1 : 1)
}
