import fc from 'fast-check'
import { expect, test } from 'vitest'

import { GatewayError } from '../../../gateway/errors/gateway-error.ts'
import { newKeyFields, newTeamFields } from '../../../gateway/management/account-fields.ts'
import { readFields } from '../../../gateway/management/read-fields.ts'
import { settingsAfter, shownMetadata } from '../../../gateway/management/settings.ts'

const names = fc.constantFrom(...Object.keys({ ...newKeyFields, ...newTeamFields }))

test('whatever stands in a field, it is read or refused', () => {
  const bodies = fc.dictionary(fc.oneof(names, fc.string()), fc.jsonValue(), { maxKeys: 5 })
  fc.assert(
    fc.property(bodies, (body) => {
      for (const fields of [newKeyFields, newTeamFields]) {
        try {
          const { sent } = readFields(fields, body)
          expect(Object.keys(sent).every((name) => Object.hasOwn(fields, name))).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError)
          expect(error).toMatchObject({ code: 'invalid_request' })
        }
      }
    }),
    { numRuns: 300 },
  )
})

test('numbers in quotes are numbers, and nothing is null', () => {
  const { sent, warnings } = readFields(newKeyFields, {
    max_budget: '0.0000001',
    rpm_limit: '60',
    blocked: 'true',
    team_id: '',
    models: null,
  })
  expect(sent).toEqual({
    max_budget: 1e-7,
    rpm_limit: 60,
    blocked: true,
    team_id: null,
    models: null,
  })
  expect(warnings).toEqual([])
})

test('a name that nobody knows is named with its neighbour, and without what may be a secret', () => {
  const secret = 'sk-proj-abcdefghijklmnop1234567890'
  const { sent, warnings } = readFields(newKeyFields, { rpm_limits: 1, [secret]: 1 })
  expect(sent).toEqual({})
  expect(warnings[0]).toBe('unknown field rpm_limits: it is kept nowhere; did you mean rpm_limit?')
  expect(warnings.join()).not.toContain(secret)
})

test('so is one within a field, and a wrong value there is refused', () => {
  const { sent, warnings } = readFields(newKeyFields, {
    model_max_budget: { m: { max_budget: 1, per: 'day' }, n: 2 },
  })
  expect(sent).toEqual({ model_max_budget: { m: { max_budget: 1 }, n: { max_budget: 2 } } })
  expect(warnings).toEqual([
    'unknown field model_max_budget.m.per: it is kept nowhere; did you mean time_period?',
  ])
  const wrong = { model_max_budget: { m: -2 }, module_limits: { llm: { rpm_limit: 'x' } } }
  expect(() => readFields(newKeyFields, wrong)).toThrow(
    /model_max_budget\.m: expected US dollars.*module_limits\.llm\.rpm_limit: expected/,
  )
})

test('what LiteLLM keeps in the metadata limits, and is shown there again', () => {
  const metadata = { team: 'a', model_rpm_limit: { m: 5 }, tags: ['x'], guardrails: 7 }
  const settings = settingsAfter({}, { metadata }, ['metadata'])
  expect(settings).toEqual({
    metadata: { team: 'a', guardrails: 7 },
    model_rpm_limit: { m: 5 },
    tags: ['x'],
  })
  expect(shownMetadata(settings)).toEqual(metadata)
  expect(settingsAfter(settings, { tags: null }, ['tags'])).not.toHaveProperty('tags')
})
