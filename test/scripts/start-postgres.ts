import { startPostgres } from '../../scripts/embedded-postgres.ts'

// Starts a Postgres, says so, and waits to be killed.
const [dataDir = '', port = '', superuserPassword = ''] = process.argv.slice(2)
await startPostgres({ dataDir, port: Number(port), superuserPassword })
console.log('started')
setInterval(() => undefined, 1000)
