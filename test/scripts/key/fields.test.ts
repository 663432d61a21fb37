import { expect, test } from 'vitest'

import { readArguments, UsageError } from '../../../scripts/key/arguments.ts'
import { budgetOf, keyFieldsOf } from '../../../scripts/key/fields.ts'

test.each([
  ['5usd/month', { max_budget: 5, budget_duration: '1mo' }],
  ['$0.25/day', { max_budget: 0.25, budget_duration: '1d' }],
  ['100', { max_budget: 100, budget_duration: null }],
  ['20 USD/12h', { max_budget: 20, budget_duration: '12h' }],
  ['none', { max_budget: null, budget_duration: null }],
])('a budget may be written %s', (written, fields) => {
  expect(budgetOf(written)).toEqual(fields)
})

test.each([
  [{ budget: '5usd/fortnight' }, '--budget: expected dollars'],
  [{ budget: 'five' }, 'Expected US dollars'],
  [{ budget: '5/day/week' }, '--budget'],
  [{ rpm: 'many' }, '--rpm: expected a whole number or none'],
  [{ expires: 'soon' }, '--expires: expected a time to live'],
])('%j is refused with how to write it', (said, words) => {
  expect(() => keyFieldsOf(said)).toThrow(UsageError)
  expect(() => keyFieldsOf(said)).toThrow(words)
})

test('what is said becomes fields of the management API', () => {
  const said = { models: 'gpt-*, qwen', rpm: '60', tpm: 'none', expires: 'never', team: 'research' }
  expect(keyFieldsOf(said)).toEqual({
    models: ['gpt-*', 'qwen'],
    rpm_limit: 60,
    tpm_limit: null,
    duration: '-1',
    team_id: 'research',
  })
})

test.each([
  [['nwe'], 'Did you mean new?'],
  [['team', 'ad'], 'Did you mean team add?'],
  [['team'], 'Say what: team new, '],
  [['new', '--budjet', '5'], 'There is no --budjet. Did you mean --budget?'],
  [['new', '--rpm'], '--rpm'],
])('%j is refused with the nearest word', (words, told) => {
  expect(() => readArguments(words)).toThrow(told)
})

test('words that npm kept for itself are asked for again', () => {
  expect(() => readArguments(['new'], { npm_config_team: 'x' })).toThrow('two dashes')
})
