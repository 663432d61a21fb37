import { readFleet } from '../../infra/fleet.ts'
import type { UndeployArguments } from './arguments.ts'
import { lastLines, StepError } from './command.ts'
import type { Outcome, Run } from './command.ts'
import { isKept, isLeftAlone } from './deletable.ts'
import { adviceOn } from './find-cluster.ts'
import { ownersOf } from './owners.ts'
import type { Progress } from './progress.ts'

interface Stage {
  readonly root: string
  readonly run: Run
  readonly progress: Progress
  readonly asked: UndeployArguments
}

/** Pods finish their streams for up to ten minutes; nobody has to watch. */
const patienceS = 60

/** Takes away what deploy brought; keeps volumes and keys unless told. Throws StepError. */
export async function undeploy(stage: Stage): Promise<void> {
  const { progress, asked } = stage
  const { namespace } = readFleet(stage.root).platform
  const cluster = new Removal(stage, namespace)
  let kinds: string[] = []
  await progress.step('cluster', async () => {
    kinds = await cluster.kinds()
    return cluster.context()
  })
  await progress.step('remove', () =>
    cluster.remove(kinds.filter((kind) => !isLeftAlone(kind) && !isKept(kind))),
  )
  await progress.step('pods gone', () => cluster.waitForPods())
  if (asked.isDataIncluded)
    await progress.step('data', () => cluster.removeData(kinds.filter(isKept)))
  for (const line of asked.isDataIncluded
    ? cluster.restLines()
    : await cluster.keptLines(kinds.filter(isKept)))
    progress.say(line)
}

class Removal {
  readonly #stage: Stage
  readonly #namespace: string

  constructor(stage: Stage, namespace: string) {
    this.#stage = stage
    this.#namespace = namespace
  }

  get #modules(): readonly string[] {
    return this.#stage.asked.modules
  }

  get #owners(): readonly string[] {
    return ownersOf(this.#stage.root, this.#modules)
  }

  /** Every kind that can be deleted here, as `deployments.apps`. */
  async kinds(): Promise<string[]> {
    const command = [
      'kubectl',
      'api-resources',
      '--namespaced',
      '--verbs=delete,list',
      '--output=name',
    ]
    const said = await this.#stage.run(command, { timeoutMs: 60_000 })
    const kinds = lastLines(said.stdout, 1000)
    // One extension that does not answer makes it fail, and the rest is told nonetheless.
    if (kinds.length === 0) throw new StepError(command, said.stderr, adviceOn(said.stderr))
    return kinds
  }

  async context(): Promise<string> {
    const said = await this.#stage.run(['kubectl', 'config', 'current-context'])
    return `namespace ${this.#namespace} of ${said.stdout.trim() || 'the current cluster'}`
  }

  async remove(kinds: readonly string[]): Promise<string> {
    const said = await this.#must(
      this.#kubectl(
        'delete',
        kinds.join(','),
        ...this.#ours(),
        '--ignore-not-found',
        '--wait=false',
      ),
    )
    const count = countLines(said.stdout)
    return `${count} object${count === 1 ? '' : 's'}`
  }

  async waitForPods(): Promise<string> {
    await this.#stage.run(
      this.#kubectl('wait', 'pods', ...this.#ours(), '--for=delete', `--timeout=${patienceS}s`),
    )
    const left = await this.#stage.run(
      this.#kubectl('get', 'pods', ...this.#ours(), '--output=name'),
    )
    const count = countLines(left.stdout)
    return count === 0 ? 'all' : `${count} still finish what they serve, for up to ten minutes`
  }

  async removeData(kinds: readonly string[]): Promise<string> {
    const said = await this.#must(
      this.#kubectl(
        'delete',
        kinds.join(','),
        ...this.#ours(),
        '--ignore-not-found',
        '--wait=false',
      ),
    )
    const claims = await this.#must(
      this.#kubectl(
        'delete',
        'persistentvolumeclaims',
        ...this.#claims(),
        '--ignore-not-found',
        '--wait=false',
      ),
    )
    const count = countLines(said.stdout) + countLines(claims.stdout)
    if (this.#modules.length > 0) return `${count} objects`
    const gone = await this.#must([
      'kubectl',
      'delete',
      'namespaces',
      '--field-selector',
      `metadata.name=${this.#namespace}`,
      '--selector',
      'app.kubernetes.io/part-of=colonnade',
      '--ignore-not-found',
      '--wait=false',
    ])
    return `${count} objects${countLines(gone.stdout) > 0 ? ', and the namespace' : ''}`
  }

  restLines(): string[] {
    return this.#modules.length === 0
      ? ['', 'Nothing of it is left in the cluster. .env still has its keys.']
      : ['', `What ${this.#modules.join(', ')} used and spent stays in Postgres.`]
  }

  /** What was kept, and what removes it. */
  async keptLines(kinds: readonly string[]): Promise<string[]> {
    const found = await Promise.all([
      this.#stage.run(
        this.#kubectl(
          'get',
          kinds.join(','),
          ...this.#ours(),
          '--output=name',
          '--ignore-not-found',
        ),
      ),
      this.#stage.run(
        this.#kubectl(
          'get',
          'persistentvolumeclaims',
          ...this.#claims(),
          '--output=name',
          '--ignore-not-found',
        ),
      ),
    ])
    const names = [...new Set(found.flatMap(({ stdout }) => lastLines(stdout, 1000)))]
    if (names.length === 0) return ['', 'Nothing was kept.']
    const flags = this.#modules.map((name) => ` --module ${name}`).join('')
    return [
      '',
      `Kept in namespace ${this.#namespace}, for the next npm run deploy:`,
      ...names.map((name) => `  ${name}`),
      `To remove that too, and lose what is in it: npm run undeploy --${flags} --with-data`,
    ]
  }

  /** By label, of these modules or of all that is ours. */
  #ours(): string[] {
    const module = this.#modules.length === 0 ? '' : `,module in (${this.#owners.join(',')})`
    return ['--selector', `app.kubernetes.io/part-of=colonnade${module}`]
  }

  /** A StatefulSet gives its claims no label but those of its selector. */
  #claims(): string[] {
    const owners = this.#modules.length === 0 ? ['postgres', 'prometheus'] : this.#owners
    return ['--selector', `module in (${owners.join(',')})`]
  }

  #kubectl(...args: string[]): string[] {
    return ['kubectl', ...args, '--namespace', this.#namespace]
  }

  async #must(command: readonly string[]): Promise<Outcome> {
    const said = await this.#stage.run(command, { timeoutMs: 120_000 })
    if (said.status !== 0 && !isOnlyUnlisted(said.stderr))
      throw new StepError(command, said.stderr, [
        'kubectl auth can-i --list shows what this account may do; run it again when that is mended: it goes on where it stopped.',
      ])
    return said
  }
}

/** Of a kind that this account may not even list, it has made nothing. */
function isOnlyUnlisted(said: string): boolean {
  const lines = lastLines(said, 1000)
  return lines.length > 0 && lines.every((line) => line.includes('cannot list resource'))
}

function countLines(text: string): number {
  return text.split('\n').filter((line) => line.trim() !== '').length
}
