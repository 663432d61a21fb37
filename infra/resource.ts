import { App, Chart } from 'cdk8s'
import type { ApiObject } from 'cdk8s'
import { toManifestText } from './manifest-text.ts'

/** One generated file: its name without `.yaml`, and the one object it holds, or none where it is not wanted. */
export interface Resource<Subject> {
  readonly file: string
  /** Creates the object in a chart of its own; refers to others by name, never by construct. */
  readonly create: (chart: Chart, subject: Subject) => ApiObject | undefined
}

/** The resources as texts by file name. One App for each call: its cost grows with the square of its charts. */
export function renderResources<Subject>(
  resources: readonly Resource<Subject>[],
  subject: Subject,
): Map<string, string> {
  const app = new App()
  const texts = new Map<string, string>()
  for (const { file, create } of resources) {
    const chart = new Chart(app, file, { disableResourceNameHashes: true })
    if (create(chart, subject) === undefined) continue
    const objects: unknown[] = chart.toJson()
    if (objects.length !== 1)
      throw new Error(`The resource ${file} creates ${objects.length} objects, expected one.`)
    texts.set(`${file}.yaml`, toManifestText(objects[0]))
  }
  return texts
}
