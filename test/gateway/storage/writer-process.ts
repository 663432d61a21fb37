import { createStorage } from '../../../gateway/storage/storage.ts'
import { usageRow } from './usage-rows.ts'

// Records rows while Postgres is away, says when they are on disk, and waits to be killed.
const [databaseUrl = '', spoolDir = '', rows = '0'] = process.argv.slice(2)
const quiet = () => undefined
const storage = createStorage({
  databaseUrl: () => databaseUrl,
  spoolDir,
  module: 'llm',
  log: { info: quiet, warn: quiet, error: quiet },
})
for (let i = 0; i < Number(rows); i += 1) storage.recordUsage(usageRow())
setInterval(() => {
  if (storage.metrics().spooledRows === Number(rows)) console.log('spooled')
}, 50)
