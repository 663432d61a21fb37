import { Readable } from 'node:stream'
import { expect, test } from 'vitest'

import { FlowingFile } from '../../../gateway/pipeline/flowing-file.ts'
import { FormRequest, type Part } from '../../../gateway/pipeline/form-request.ts'

const text = (name: string, value: string): Part => ({ kind: 'text', name, value })
const flowing = (bytes: string, fail = (cause: unknown) => new Error(String(cause))): Part => ({
  kind: 'file',
  name: 'file',
  fileName: 'a.wav',
  contentType: 'audio/wav',
  content: new FlowingFile(Readable.from([Buffer.from(bytes)]), fail),
})
async function* parts(...later: readonly Part[]): AsyncGenerator<Part> {
  yield* later
}
const params = { defaults: {}, extraBody: {}, additionalDropParams: [] }

async function written({ body, headers }: ReturnType<FormRequest['encode']>): Promise<FormData> {
  const bytes = Buffer.concat(await body.toArray())
  return new Response(bytes, { headers: { 'content-type': headers[1] ?? '' } }).formData()
}

test('names with brackets are lists, each value once', () => {
  const held = ['word', 'segment'].map((one) => text('timestamp_granularities[]', one))
  const form = new FormRequest([text('model', 'm'), ...held], undefined, '')
  expect(form.fields).toEqual({ model: 'm', timestamp_granularities: ['word', 'segment'] })
})

test('gathered, it knows what stood behind its file, which may be read twice', async () => {
  const form = new FormRequest(
    [text('model', 'm'), flowing('sound')],
    parts(text('language', 'de')),
    '',
  )
  expect(form.fields).not.toHaveProperty('language')
  await form.gather()
  await form.gather()
  expect(form.fields).toEqual({ model: 'm', language: 'de' })
  expect(form.isReplayable).toBe(true)
  for (const _ of [1, 2]) {
    const [file] = await form.readFiles()
    expect(Buffer.from(file?.bytes ?? []).toString()).toBe('sound')
  }
  const form2 = await written(form.encode(params, 'up'))
  expect([form2.get('model'), form2.get('language')]).toEqual(['up', 'de'])
})

test('a form that breaks off while it is gathered fails with its own words', async () => {
  const broken = new Readable({ read: () => undefined })
  const part = flowing('')
  const form = new FormRequest(
    [
      text('model', 'm'),
      {
        ...part,
        ...(part.kind === 'file' && { content: new FlowingFile(broken, () => new Error('left')) }),
      },
    ],
    parts(),
    '',
  )
  const gathering = form.gather()
  broken.destroy(new Error('reset'))
  await expect(gathering).rejects.toThrow('left')
})

test('a list that the module puts in is a part for each value, unless the caller has named it', async () => {
  const defaults = { timestamp_granularities: ['word', 'segment'], temperature: 0 }
  const asked = await written(
    new FormRequest([text('model', 'm')], undefined, '').encode({ ...params, defaults }, 'up'),
  )
  expect(asked.getAll('timestamp_granularities[]')).toEqual(['word', 'segment'])
  expect(asked.get('temperature')).toBe('0')
  const named = [text('model', 'm'), text('timestamp_granularities[]', 'word')]
  const own = await written(
    new FormRequest(named, undefined, '').encode({ ...params, defaults }, 'up'),
  )
  expect(own.getAll('timestamp_granularities[]')).toEqual(['word'])
})
