import type { Outcome, Run, RunOptions } from '../../scripts/deploy/command.ts'
import { listAt, numberAt, parseJson, textAt } from '../../scripts/deploy/read-json.ts'

/** What one pod is at, as far as the tests ask. */
export interface PodState {
  readonly name: string
  readonly module: string
  readonly isReady: boolean
  /** It is about to end, or has ended: an evicted pod stays to be looked at. */
  readonly isGoing: boolean
  readonly restarts: number
  readonly node: string
  readonly image: string
}

/** kubectl in the namespace of the tests. What fails throws its own words. */
export class Kubectl {
  readonly namespace: string
  readonly #run: Run

  constructor(run: Run, namespace: string) {
    this.#run = run
    this.namespace = namespace
  }

  async do(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const said = await this.try(args, options)
    if (said.status !== 0)
      throw new Error(`kubectl ${args.join(' ')}: ${(said.stderr || said.stdout).trim()}`)
    return said.stdout
  }

  try(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return this.#run(['kubectl', '--namespace', this.namespace, ...args], {
      timeoutMs: 300_000,
      ...options,
    })
  }

  async json(...args: readonly string[]): Promise<unknown> {
    return parseJson(await this.do([...args, '--output', 'json']))
  }

  apply(object: unknown): Promise<string> {
    return this.do(['apply', '--filename', '-'], { input: JSON.stringify(object) })
  }

  merge(path: string, patch: unknown): Promise<string> {
    return this.do(['patch', path, '--type=merge', '--patch', JSON.stringify(patch)])
  }

  /** Asks a pod or Service through the API server, which needs neither DNS nor kube-proxy. */
  async proxied(target: string, path: string): Promise<unknown> {
    const said = await this.try([
      'get',
      '--raw',
      `/api/v1/namespaces/${this.namespace}/${target}/proxy${path}`,
    ])
    return parseJson(said.stdout)
  }

  /** Runs JavaScript by the Node of a gateway's own container, and gives what it printed. */
  async node(target: string, script: string, timeoutMs = 60_000): Promise<string> {
    // By its input, which may be longer than an argument.
    const command = ['node', '--input-type=module', '-']
    const exec = ['exec', '--stdin', target, '-c', 'gateway', '--', ...command]
    return (await this.do(exec, { timeoutMs, input: script })).trim()
  }

  async pods(selector = 'app.kubernetes.io/part-of=colonnade'): Promise<PodState[]> {
    return listAt(await this.json('get', 'pods', '--selector', selector), 'items').map((pod) => ({
      name: textAt(pod, 'metadata', 'name') ?? '',
      module: textAt(pod, 'metadata', 'labels', 'module') ?? '',
      node: textAt(pod, 'spec', 'nodeName') ?? '',
      image: textAt(pod, 'spec', 'containers', 0, 'image') ?? '',
      isGoing:
        textAt(pod, 'metadata', 'deletionTimestamp') !== undefined ||
        /Failed|Succeeded/.test(textAt(pod, 'status', 'phase') ?? ''),
      isReady: listAt(pod, 'status', 'conditions').some(
        (one) => textAt(one, 'type') === 'Ready' && textAt(one, 'status') === 'True',
      ),
      restarts: listAt(pod, 'status', 'containerStatuses')
        .map((one) => numberAt(one, 'restartCount') ?? 0)
        .reduce((sum, count) => sum + count, 0),
    }))
  }

  /** Of a module, and not about to end. */
  async standing(module: string): Promise<PodState[]> {
    return (await this.pods(`module=${module}`)).filter(({ isGoing }) => !isGoing)
  }

  async rolledOut(path: string, timeoutS = 240): Promise<void> {
    await this.do(['rollout', 'status', path, `--timeout=${timeoutS}s`])
  }
}
