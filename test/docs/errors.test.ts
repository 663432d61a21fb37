import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { APIError } from 'openai'
import { describe, expect, test } from 'vitest'
import { errorCatalogue, type ErrorKind } from '../../gateway/errors/catalogue.ts'
import { envelopeOf } from '../../gateway/errors/envelope.ts'
import { GatewayError } from '../../gateway/errors/gateway-error.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/errors.md'), 'utf8')

interface Row {
  readonly status: string
  readonly type: string
  readonly raised: string
  readonly next: string
  readonly hurts: string
  readonly advice: string
}

const rows = new Map<string, Row>(
  [...page.matchAll(/^\| `(\w+)` \|(.*)\|$/gm)].map(([, code = '', rest = '']) => {
    const cells = rest.split('|').map((cell) => cell.trim().replace(/^`(.*)`$/, '$1'))
    const [status = '', type = '', raised = '', next = '', hurts = '', advice = ''] = cells
    return [code, { status, type, raised, next, hurts, advice }]
  }),
)

const catalogue: [string, ErrorKind][] = Object.entries(errorCatalogue)

test('has a row for every error of the catalogue, and for no other, in its order', () => {
  expect([...rows.keys()]).toEqual(catalogue.map(([code]) => code))
})

const yesOrNo = (value: boolean): string => (value ? 'yes' : 'no')

describe.each(catalogue)('%s', (code, kind) => {
  const row = rows.get(code)

  test('has the status, type and consequences of the catalogue', () => {
    expect(row).toMatchObject({
      status: String(kind.status),
      type: kind.type,
      next: yesOrNo(kind.next),
      hurts: yesOrNo(kind.hurts),
    })
  })

  test('says what to do', () => {
    expect(row?.advice).toMatch(/^[A-Z].*\.$/)
  })
})

// In a stream the status line is gone, and nobody hears of a caller that left.
const unanswered = new Set(['stream_interrupted', 'caller_gone'])

test.each(catalogue.filter(([code]) => !unanswered.has(code)))(
  '%s raises what the page says, by the SDK itself',
  (code, kind) => {
    const raised = APIError.generate(kind.status, { error: { code } }, undefined, new Headers())
    expect(raised.constructor.name).toBe(rows.get(code)?.raised)
  },
)

test('its example is the envelope of that error', () => {
  const [, example = ''] = /```json\n(.*)\n```/.exec(page) ?? []
  const shown: { error: { message: string } } = JSON.parse(example)
  const error = new GatewayError('model_not_found', shown.error.message, { param: 'model' })
  expect(shown).toEqual(envelopeOf(error))
})
