import { listAt, numberAt, parseJson, textAt } from '../../scripts/deploy/read-json.ts'
import { parse, stringify } from 'yaml'
import { expect } from './check.ts'
import type { Stage } from './check.ts'
import { modelTo } from './fleet-folder.ts'
import type { Kubectl } from './kubectl.ts'
import { until } from './patience.ts'
import { isObject } from '../../modules/json-object.ts'

/** Kubelets bring a changed ConfigMap or Secret within about a minute; a busy machine takes longer. */
export const mountedWithinS = 240

interface Serving {
  readonly pod: string
  readonly generation: number
  /** Why a newer document is not served. */
  readonly refused?: string
  readonly isReady: boolean
  readonly reason?: string
  readonly db?: string
}

/** What each standing pod of a module says of itself. */
export async function serving(kubectl: Kubectl, module: string): Promise<Serving[]> {
  const pods = await kubectl.standing(module)
  return Promise.all(
    pods.map(async ({ name, isReady }) => {
      const said =
        (await kubectl.proxied(`pods/${name}:4000`, '/health/readiness')) ??
        (await askWithin(kubectl, name))
      const refused = textAt(said, 'config_refused')
      const reason = textAt(said, 'reason')
      const db = textAt(said, 'db')
      return {
        pod: name,
        isReady,
        generation: numberAt(said, 'config_generation') ?? 0,
        ...(refused !== undefined && { refused }),
        ...(reason !== undefined && { reason }),
        ...(db !== undefined && { db }),
      }
    }),
  )
}

/** Whether each standing pod of a module has this model. */
export async function isKnownToAll(
  kubectl: Kubectl,
  module: string,
  model: string,
): Promise<boolean> {
  const pods = await kubectl.standing(module)
  const lists = await Promise.all(
    pods.map(({ name }) => kubectl.proxied(`pods/${name}:4000`, '/v1/models')),
  )
  return (
    lists.length > 0 &&
    lists.every((list) => listAt(list, 'data').some((one) => textAt(one, 'id') === model))
  )
}

/** The API server keeps to itself what a pod says beside a 503. */
async function askWithin(kubectl: Kubectl, pod: string): Promise<unknown> {
  const script = "console.log(await (await fetch('http://127.0.0.1:4000/health/readiness')).text())"
  // A pod that only begins, or is gone, has nothing to say.
  const said = await kubectl.node(`pod/${pod}`, script).catch(() => undefined)
  return parseJson(said)
}

export async function readDocument(kubectl: Kubectl, module: string): Promise<string> {
  const map = await kubectl.json('get', 'configmap', `${module}-config`)
  const text = textAt(map, 'data', 'config.yaml')
  expect(text !== undefined, `${module}-config has no config.yaml`)
  return text
}

/** As `kubectl edit configmap` would. */
export async function writeDocument(kubectl: Kubectl, module: string, text: string): Promise<void> {
  await kubectl.merge(`configmap/${module}-config`, { data: { 'config.yaml': text } })
}

/** The document with one model more, or with all its models at another address. */
export function withModel(document: string, name: string, url: string): string {
  const value: unknown = parse(document)
  expect(isObject(value) && Array.isArray(value['model_list']), 'the document has no model_list')
  return stringify({ ...value, model_list: [...value['model_list'], modelTo(url, name)] })
}

/** Changes a module's document, and puts it back when the work is done, whatever became of it. */
export async function withDocument<T>(
  { kubectl }: Stage,
  { module, change }: { module: string; change: (text: string) => string },
  work: () => Promise<T>,
): Promise<T> {
  const before = await readDocument(kubectl, module)
  const text = change(before)
  try {
    await writeDocument(kubectl, module, text)
    return await work()
  } finally {
    await writeDocument(kubectl, module, before)
    await until(
      `every pod of ${module} serves its own document again`,
      async () =>
        (await serving(kubectl, module)).every(
          ({ refused, generation }) => refused === undefined && generation > 0,
        ),
      { seconds: mountedWithinS },
    )
  }
}
