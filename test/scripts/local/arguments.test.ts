import { expect, test } from 'vitest'
import { chooseModules, readArguments } from '../../../scripts/local/arguments.ts'

test('module names and flags in any order', () => {
  expect(readArguments(['llm', '--demo', 'audio', '--once', 'llm'])).toEqual({
    modules: ['llm', 'audio'],
    isDemo: true,
    isOnce: true,
  })
})

test('a flag that npm kept for itself counts', () => {
  expect(readArguments([], { npm_config_demo: 'true' })).toMatchObject({ isDemo: true })
})

test('a mistyped flag is answered with the nearest one', () => {
  expect(readArguments(['--dmo'])).toEqual({
    fault: expect.stringContaining('did you mean --demo?'),
  })
})

test('--once without a demo is refused', () => {
  expect(readArguments(['--once'])).toEqual({ fault: expect.stringContaining('add --demo') })
})

const all = [{ name: 'audio' }, { name: 'llm' }]

test('no name means every module', () => {
  expect(chooseModules(all, [])).toEqual(all)
})

test('an unknown module is answered with the nearest name and the list', () => {
  expect(chooseModules(all, ['lmm'])).toEqual({
    fault: 'There is no module lmm. Did you mean llm? The modules are: audio, llm.',
  })
})
