import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// Half of a start is reading TypeScript: what is read once is kept, for the gateways too.
enableCompileCache(join(import.meta.dirname, '..', '.colonnade', 'compile-cache'))

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
