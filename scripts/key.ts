import { dirname } from 'node:path'
import { runKey } from './key/run.ts'

process.exitCode = await runKey(process.argv.slice(2), {
  root: dirname(import.meta.dirname),
  env: process.env,
  print: (line) => void process.stdout.write(`${line}\n`),
  complain: (line) => void process.stderr.write(`${line}\n`),
})
