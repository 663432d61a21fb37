import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { createFakeUpstream, streamBytes, type FakeUpstream } from '../doubles/fake-upstream.ts'
import { startGateway, type TestGateway } from '../doubles/gateway.ts'

let upstream: FakeUpstream
let gateway: TestGateway

beforeAll(async () => {
  upstream = await createFakeUpstream()
  const entry = (model_name: string, model: string, api_base: string) => ({
    model_name,
    litellm_params: { model, api_base, api_key: 'none', stream_timeout: 0.4 },
  })
  gateway = await startGateway({
    config: {
      model_list: [
        entry('translated', 'elevenlabs/eleven_flash_v2_5', upstream.url),
        entry('passed', 'kokoro/kokoro', `${upstream.url}/v1`),
      ],
    },
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

describe.each(['translated', 'passed'])('speech that is %s', (model) => {
  const speak = () =>
    gateway.post('/v1/audio/speech', { model, input: 'Hello.', voice: 'alloy', stream: true })

  test('goes on as it comes, for longer than its beginning may take', async () => {
    const pieces = Array.from({ length: 10 }, (_, index) => `piece ${index} `)
    upstream.script(streamBytes(pieces, { contentType: 'audio/mpeg', delayMs: 100 }))
    let heard = ''
    let count = 0
    for await (const piece of (await speak()).body ?? []) {
      count += 1
      heard += Buffer.from(piece).toString()
    }
    expect(heard).toBe(pieces.join(''))
    expect(count).toBeGreaterThan(2)
  })

  test('waits for a caller that reads slowly', async () => {
    const most = 32 * 1024 * 1024
    const piece = Buffer.alloc(64 * 1024, 'sound')
    let written = 0
    function* pieces(): Generator<Buffer> {
      for (; written < most; written += piece.length) yield piece
    }
    upstream.script(streamBytes(pieces(), { contentType: 'audio/mpeg' }))
    const reader = (await speak()).body?.getReader()
    await reader?.read()
    await sleep(500)
    expect(written).toBeLessThan(most)
    let read = 0
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read())
      read += next.value.length
    expect(written).toBe(most)
    expect(read).toBeGreaterThan(most - 1024 * 1024)
  })
})
