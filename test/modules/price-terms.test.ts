import { expect, test } from 'vitest'

import { readModule } from '../../modules/read-module.ts'

function read(block: string) {
  const text = `model_list: [{model_name: a, litellm_params: {model: openai/a}}]\nlitellm_settings: ${block}\n`
  return readModule(text, { file: 'a.yaml', name: 'a' })
}

test('discounts and margins are taken as LiteLLM writes them', () => {
  const { module, faults } = read(
    '{cost_discount_config: {vertex_ai: 0.05, openai: 1}, cost_margin_config: {global: 0.1, openai: {percentage: 0.08, fixed_amount: 0.0005}}}',
  )
  expect(faults).toEqual([])
  expect(module?.prices).toEqual({
    unpriced: 'warn',
    discounts: { vertex_ai: 0.05, openai: 1 },
    margins: { global: 0.1, openai: { percentage: 0.08, fixed_amount: 0.0005 } },
  })
})

test.each([
  ['{cost_discount_config: {openai: 5}}', 'cost_discount_config.openai'],
  ['{cost_discount_config: {openai: -0.1}}', 'cost_discount_config.openai'],
  ['{cost_discount_config: 0.1}', 'cost_discount_config'],
  ['{cost_margin_config: {openai: much}}', 'cost_margin_config.openai'],
  ['{cost_margin_config: {openai: {percent: 0.1}}}', 'cost_margin_config.openai'],
])('%s is a fault', (block, path) => {
  const { faults } = read(block)
  expect(faults[0]).toMatchObject({ severity: 'error', line: 2 })
  expect(faults[0]?.path).toContain(`litellm_settings.${path}`)
})
