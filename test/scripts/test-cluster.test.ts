import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { openStreams } from '../cluster/streams.ts'

const script = join(import.meta.dirname, '../../scripts/test-cluster.ts')

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

/** Runs it with a kubectl that gives these answers, by the first word that they are asked for, and notes each call. */
function runWith(answers: Readonly<Record<string, object | undefined>>) {
  const folder = mkdtempSync(join(tmpdir(), 'colonnade-kubectl-'))
  ends.push(() => rmSync(folder, { recursive: true }))
  const calls = join(folder, 'calls')
  writeFileSync(
    join(folder, 'kubectl'),
    `#!${process.execPath}
const words = process.argv.slice(2)
require('node:fs').appendFileSync(${JSON.stringify(calls)}, words.join(' ') + '\\n')
const answers = ${JSON.stringify(answers)}
const answer = answers[words[1]]
if (answer === undefined) { console.error('connection refused'); process.exit(1) }
console.log(JSON.stringify(answer))
`,
  )
  chmodSync(join(folder, 'kubectl'), 0o755)
  const { status, stdout } = spawnSync(process.execPath, [script, '--namespace', 'elsewhere'], {
    encoding: 'utf8',
    env: { ...process.env, CI: '', PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}` },
  })
  return { status, stdout, calls: existsSync(calls) ? readFileSync(calls, 'utf8') : '' }
}

test('without a cluster nothing is tested, and the exit code says so', () => {
  const { status, stdout } = runWith({})
  expect(status).toBe(2)
  expect(stdout).toContain('Nothing was tested on a cluster')
  expect(stdout).toContain('connection refused')
})

test('a namespace that it did not make is left alone', () => {
  const { status, stdout, calls } = runWith({
    nodes: { items: [] },
    namespace: { metadata: { name: 'elsewhere', labels: { module: 'shared' } } },
  })
  expect(status).toBe(2)
  expect(stdout).toContain('elsewhere is there and was not made by this test')
  expect(
    calls
      .trim()
      .split('\n')
      .every((call) => call.startsWith('get ')),
  ).toBe(true)
})

const word = (content: string): string =>
  `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`

async function endOf(frames: readonly string[], isCut = false): Promise<unknown> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(frames.join(''), () => (isCut ? response.destroy() : response.end()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(() => server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const [end] = await openStreams(`http://127.0.0.1:${address.port}`, 'key', 1).ends()
  return end
}

test('a stream counts as whole only with every word and its end', async () => {
  const whole = [word('0 '), word('1 '), word('of 2'), 'data: [DONE]\n\n']
  expect(await endOf(whole)).toEqual({ words: 2 })
  expect(await endOf(whole.slice(1))).toHaveProperty('fault')
  expect(await endOf(whole.toSpliced(1, 1))).toHaveProperty('fault')
  expect(await endOf(whole.slice(0, 2))).toHaveProperty('fault')
  expect(await endOf(whole.slice(0, 3))).toHaveProperty('fault')
  expect(await endOf(whole.slice(0, 2), true)).toHaveProperty('fault')
})
