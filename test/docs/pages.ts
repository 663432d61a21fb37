import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '../..')

/** One page of the documentation. */
export interface Page {
  /** `docs/errors.md` */
  readonly path: string
  readonly text: string
}

/** Every page that people read: those at the top, and those of docs/. */
export function readPages(): Page[] {
  const inDocs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  const paths = [
    'README.md',
    'ARCHITECTURE.md',
    'CHANGELOG.md',
    ...inDocs.map((at) => `docs/${at}`),
  ]
  return paths
    .filter((path) => path.endsWith('.md'))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

/** Whether a page, file or folder of the project is there. */
export function isThere(path: string): boolean {
  return existsSync(join(root, path))
}
