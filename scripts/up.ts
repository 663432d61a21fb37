import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { findCompiled } from './local/read-ahead.ts'

// Half of a start is compiling: what an earlier one has compiled is taken as it is.
const compiled = findCompiled(join(import.meta.dirname, '..'))
if (compiled !== undefined) enableCompileCache(compiled)

// Who reads us may go, as in `npm start | head`: that ends nothing.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

try {
  const { main } = await import('./local/main.ts')
  process.exit(await main(process.argv.slice(2)))
} catch (error) {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`${text}\n`)
  process.exit(1)
}
