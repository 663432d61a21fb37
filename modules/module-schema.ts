import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { moduleSchema } from './schema.ts'
import { isObject } from './json-object.ts'

const file = join(import.meta.dirname, 'module.schema.json')

/** The text of module.schema.json: the schema in code, for editors. */
export function moduleSchemaText(): string {
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $comment: 'Made from modules/schema.ts by `node modules/module-schema.ts --write`.',
    title: 'Colonnade module',
    ...moduleSchema,
  }
  return `${JSON.stringify(withoutOurWords(schema), null, 2)}\n`
}

/** Leaves out what only the reader's messages need. */
function withoutOurWords(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutOurWords)
  if (!isObject(schema)) return schema
  const isSchema = 'type' in schema || 'anyOf' in schema
  const entries = Object.entries(schema).filter(
    ([key, value]) =>
      !isSchema ||
      !(['expected', 'block'].includes(key) || (key === 'description' && value === '')),
  )
  return Object.fromEntries(entries.map(([key, value]) => [key, withoutOurWords(value)]))
}

if (import.meta.main) {
  if (process.argv.includes('--write')) {
    writeFileSync(file, moduleSchemaText())
  } else if (readFileSync(file, 'utf8') !== moduleSchemaText()) {
    process.stderr.write(
      'modules/module.schema.json is not what modules/schema.ts says: run `node modules/module-schema.ts --write`\n',
    )
    process.exitCode = 1
  }
}
