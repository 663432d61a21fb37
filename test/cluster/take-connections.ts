import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'

// Takes connections by the module's own login until it gets no more, keeps them for a while, and says how many.
const connectionString = readFileSync('/etc/colonnade/secrets/DATABASE_URL', 'utf8').trim()
let taken = 0
let refusal = 'no end'
while (taken < 400) {
  const client = new Client({ connectionString })
  client.on('error', () => undefined)
  try {
    await client.connect()
    taken += 1
  } catch (error) {
    refusal = error instanceof Error ? error.message : String(error)
    break
  }
}
await sleep(30_000)
console.log(`${taken} taken, then: ${refusal}`)
process.exit(0)
