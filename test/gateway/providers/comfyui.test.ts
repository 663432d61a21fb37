import { readdirSync, readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { UpstreamCall } from '../../../gateway/providers/provider.ts'
import { providers } from '../../../gateway/providers/index.ts'
import type { EndpointName } from '../../../modules/endpoints.ts'
import { fieldOf } from '../../../modules/json-object.ts'
import { drawDemo } from '../../../scripts/stand-ins/png.ts'
import { begin, conversationOf, converse, type WrittenReply } from './play-conversation.ts'
import { requestFor, targetFor, type Fixture } from './run-fixture.ts'

const { comfyui } = providers
const folder = new URL('../../fixtures/comfyui/', import.meta.url)

interface Recorded extends Pick<Fixture, 'params' | 'target'> {
  readonly request: {
    readonly endpoint: EndpointName
    readonly fields: Record<string, unknown>
    readonly files?: readonly { readonly field: string; readonly base64: string }[]
  }
  readonly replies: readonly WrittenReply[]
}

describe('recorded conversations', () => {
  const files = readdirSync(folder).filter((file) => /^(?!.*\.golden).*\.json$/.test(file))
  test.each(files)('%s', async (file) => {
    const recorded: Recorded = JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
    const { endpoint, fields, files: uploads = [] } = recorded.request
    const request = requestFor({ endpoint, fields, files: uploads.map(uploaded) })
    const target = targetFor(recorded.target ?? 'a.safetensors', recorded.params)
    let id = ''
    const played = converse(
      () => begin(conversationOf(comfyui, endpoint), request, target),
      ({ call }, at) => {
        id = idIn(call) ?? id
        return JSON.parse(JSON.stringify(recorded.replies[at] ?? null).replaceAll('{id}', id))
      },
    )
    const golden = new URL(file.replace('.json', '.golden.json'), folder)
    await expect(`${JSON.stringify(played, shortly, 2)}\n`).toMatchFileSnapshot(golden.pathname)
  })
})

describe('whatever is said', () => {
  const png = drawDemo('x', 4, 4).toString('base64')
  const words = fc.constantFrom(
    ...'prompt_id node_errors error errors type message details extra_info input_name class_type outputs images filename subfolder output status status_str messages execution_error exception_message queue_running name queue_pending value_not_in_list ckpt_name __proto__ constructor the-id'.split(
      ' ',
    ),
  )
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      words,
      fc.jsonValue(),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(words, tie('value'), { maxKeys: 4 }),
    ),
  }))
  const reply = fc.record({
    status: fc.constantFrom(200, 400),
    json: fc.oneof(
      value,
      value.map((entry) => ({ 'the-id': entry })),
      fc.constant({ prompt_id: 'the-id', name: 'x.png', subfolder: 'y' }),
    ),
    base64: fc.constantFrom(png, '', 'AAAA'),
  })
  const endpoints: readonly EndpointName[] = [
    'images-generations',
    'images-edits',
    'images-variations',
  ]

  test.each(endpoints)('%s ends in an answer or in an error of the catalogue', (endpoint) => {
    const files = [uploaded({ field: 'image', base64: png })]
    fc.assert(
      fc.property(fc.array(reply, { minLength: 1, maxLength: 8 }), (replies) => {
        const played = converse(
          () =>
            begin(
              conversationOf(comfyui, endpoint),
              requestFor({ endpoint, fields: { prompt: 'x' }, files }),
              targetFor('a.safetensors'),
            ),
          // Whoever is never done is lost from the queue in the end.
          (_, at) => replies[at] ?? { json: {} },
        )
        expect(played.error?.code).not.toBe('internal_error')
        expect(played.answer ?? played.error).toBeDefined()
      }),
      { numRuns: 300 },
    )
  })

  test.each(endpoints)('%s takes or refuses any fields', (endpoint) => {
    const names = fc.constantFrom(
      ...'prompt n size seed steps cfg denoise sampler_name quality style image mask negative_prompt stream __proto__ toString user'.split(
        ' ',
      ),
    )
    const filled = fc.constantFrom('512x512', '-1', '7', 'a', -1, 3, 0.5, '1e3', '{{seed}}')
    const fields = fc.dictionary(names, fc.oneof(filled, fc.jsonValue()))
    fc.assert(
      fc.property(fields, fc.boolean(), (asked, dropParams) => {
        const files = [uploaded({ field: 'image', base64: png })]
        const played = converse(
          () =>
            begin(
              conversationOf(comfyui, endpoint),
              requestFor({ endpoint, fields: asked, files }),
              targetFor('a.safetensors', { dropParams }),
            ),
          () => ({ status: 400, json: {} }),
        )
        expect(played.error).toBeDefined()
      }),
    )
  })
})

describe('a workflow', () => {
  const node = (inputs: unknown, class_type: unknown = 'A') => ({ 1: { class_type, inputs } })

  test.each([
    [{ nodes: [], links: [] }, "expected ComfyUI's API format, found that of its editor"],
    [{}, 'expected nodes, found none'],
    [{ prompt: node({}) }, 'found a whole request'],
    [{ 1: 'A' }, 'node 1: expected a node with class_type and inputs'],
    [node({}, ''), 'node 1: expected a node with class_type and inputs'],
    [node({}, '{{model}}'), 'node 1: class_type: nothing is filled in here'],
    [node([]), 'node 1: expected inputs as names and values'],
    [node({ a: ['9', 0] }), 'node 1: inputs.a: it comes from node 9, which is not there'],
    [node({ a: '{{promt}}' }), 'unknown placeholder {{promt}}, did you mean {{prompt}}?'],
    [node({ a: ['x {{zzzzzz}}'] }), 'unknown placeholder {{zzzzzz}}, known are prompt, '],
    [node({ filename_prefix: '{{prompt}}/x' }), 'no part of the name of a file'],
    [node({ width: { '{ width }': null } }), 'expected quotes around a placeholder'],
  ])('%j is faulty: %s', (workflow, fault) => {
    expect(comfyui?.checkWorkflow?.(workflow)).toContain(fault)
  })

  test.each([
    [node({ a: ['1', 0], b: '{{seed}}', c: 'a {{prompt}} b', d: [1, 2], e: '{{}', f: '${X}' })],
    [node({ filename_prefix: 'x/{{id}}-{{seed}}', image: '{{image_2}}' })],
  ])('%j is sound', (workflow) => {
    expect(comfyui?.checkWorkflow?.(workflow)).toBeUndefined()
  })

  test('of any JSON object is judged, never a crash', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (workflow) => {
        expect(['string', 'undefined']).toContain(typeof comfyui?.checkWorkflow?.(workflow))
      }),
    )
  })
})

test.each([
  [
    [['a.safetensors', 'b.ckpt'], {}],
    ['a.safetensors', 'b.ckpt'],
  ],
  [['COMBO', { options: ['c.safetensors'] }], ['c.safetensors']],
  [{}, []],
])('checkpoints are read from %j', (told, names) => {
  const answer = { CheckpointLoaderSimple: { input: { required: { ckpt_name: told } } } }
  expect(comfyui?.modelList.namesIn(answer)).toEqual(names)
})

function idIn({ path, body }: UpstreamCall): string | undefined {
  const id = fieldOf(body, 'prompt_id')
  return typeof id === 'string' ? id : /^\/history\/([\w-]+)$/.exec(path)?.[1]
}

function uploaded({ field, base64 }: { readonly field: string; readonly base64: string }) {
  const bytes = Buffer.from(base64, 'base64')
  return { field, fileName: `../${field}.exe`, contentType: 'text/html', bytes }
}

/** Pictures by their length. */
function shortly(key: string, value: unknown): unknown {
  if (key === 'bytes') return 'the picture'
  return key === 'b64_json' && typeof value === 'string' ? `${value.length} characters` : value
}
