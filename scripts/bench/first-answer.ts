import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { chatRequest } from './canned.ts'
import { hasEnded } from './child.ts'
import type { Subject } from './subjects.ts'

const pauseMs = 5

/** Asks until a chat is answered with 200; milliseconds since the process was spawned. */
export async function waitForFirstAnswer(
  { child, port, name }: Subject,
  key: string,
  patienceMs = 30_000,
): Promise<number> {
  let last = 'no answer'
  while (performance.now() - child.startedAtMs < patienceMs) {
    if (hasEnded(child)) break
    last = await askOnce(port, key)
    if (last === '200') return performance.now() - child.startedAtMs
    await sleep(pauseMs)
  }
  throw new Error(`${name} gave no good answer (${last}). What it printed:\n${child.printed()}`)
}

/** The status of one small chat, with its body where it is not 200; the error's code where there is none. */
function askOnce(port: number, key: string): Promise<string> {
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const call = request(
      {
        port,
        host: '127.0.0.1',
        path: '/v1/chat/completions',
        method: 'POST',
        headers,
        agent: false,
      },
      (answer) => {
        let body = ''
        answer.setEncoding('utf8')
        answer.on('data', (text: string) => (body += text))
        answer.on('end', () =>
          resolve(answer.statusCode === 200 ? '200' : `${answer.statusCode} ${body.slice(0, 300)}`),
        )
        answer.on('error', (error) => resolve(error.message))
      },
    )
    call.on('error', (error) => resolve(error.message))
    call.end(chatRequest(false))
  })
}
