import { Readable } from 'node:stream'
import { expect, test } from 'vitest'

import type { Outgoing } from '../../../gateway/pipeline/outgoing.ts'
import { signCall } from '../../../gateway/pipeline/sign-call.ts'
import type { FinishedCall } from '../../../gateway/providers/signing.ts'

function outgoingWith(body: Outgoing['call']['body']): Outgoing {
  return {
    call: { method: 'POST', path: '/a?b=c', headers: ['content-type', 'text/plain'], body },
    translation: { kind: 'pass-through', path: '/a' },
    modelRequest: undefined,
    isUsageHidden: false,
    isReplayable: () => true,
  }
}

test('the call is signed as it stands, as of the time, and keeps its headers', async () => {
  const seen: FinishedCall[] = []
  const sign = (call: FinishedCall, nowMs: number) => {
    seen.push(call)
    return Promise.resolve(['signed-at', String(nowMs)])
  }
  const outgoing = outgoingWith(Buffer.from('hi'))
  const { call } = await signCall(outgoing, 'https://box.example:8443', sign, 1_000)
  expect(call.headers).toEqual(['content-type', 'text/plain', 'signed-at', '1000'])
  expect(seen).toEqual([
    {
      method: 'POST',
      host: 'box.example:8443',
      path: '/a?b=c',
      headers: ['content-type', 'text/plain'],
      body: Buffer.from('hi'),
    },
  ])
  const later = await signCall(outgoing, 'https://box.example', sign, 2_000)
  expect(later.call.headers.slice(-2)).toEqual(['signed-at', '2000'])
  expect(seen[1]?.host).toBe('box.example')
  await signCall(outgoingWith(null), 'https://box.example', sign, 3_000)
  expect(seen[2]?.body).toHaveLength(0)
})

test('a body that flows on cannot be signed', async () => {
  const outgoing = outgoingWith(Readable.from(['a']))
  const sign = () => Promise.resolve([])
  await expect(signCall(outgoing, 'https://box.example', sign, 0)).rejects.toThrow(/signed/)
})
