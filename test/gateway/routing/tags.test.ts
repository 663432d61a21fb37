import { expect, test } from 'vitest'

import { isWithinTags } from '../../../gateway/routing/tags.ts'
import { inputWith } from './decision-inputs.ts'

/** Deployments, each by its tags, that a request with these tags may go to. */
function allowed(deployments: readonly string[], tags: readonly string[], isTagMatchAny = true) {
  const input = inputWith(
    deployments.map((written) => ({ tags: written === '' ? [] : written.split(' ') })),
    { rules: { isTagFiltering: true, isTagMatchAny }, request: { tags } },
  )
  return deployments.filter((_, at) => {
    const candidate = input.candidates[at]
    return candidate && isWithinTags(candidate, input)
  })
}

test.each([
  // Requests without tags.
  [['free', 'paid', ''], [], ['free', 'paid', '']],
  [['free', 'default', 'paid default'], [], ['default', 'paid default']],
  // Plain tags: any.
  [['free', 'paid', ''], ['free'], ['free']],
  [
    ['free eu', 'paid', ''],
    ['eu', 'paid'],
    ['free eu', 'paid'],
  ],
  [['free', 'default', ''], ['nobody'], ['default']],
  [['free', 'default'], ['free'], ['free']],
  [['free', ''], ['nobody'], []],
  // Conditions.
  [['free eu', 'paid eu', 'paid'], ['&eu'], ['free eu', 'paid eu']],
  [['free eu', 'paid eu'], ['&eu', 'paid'], ['paid eu']],
  [['free', 'paid', ''], ['!paid'], ['free', '']],
  [['free', 'paid default', 'default'], ['!paid'], ['default']],
  [['paid default', 'free'], ['!paid'], []],
  [['free eu', 'default'], ['&eu', 'paid'], []],
  [['free eu', 'default eu'], ['&eu', 'paid'], ['default eu']],
  [['free', 'paid'], ['&nobody'], []],
  // A sign alone says nothing.
  [
    ['free', ''],
    ['!', '&'],
    ['free', ''],
  ],
])('of %j those for %j are %j', (deployments, tags, expected) => {
  expect(allowed(deployments, tags)).toEqual(expected)
})

test.each([
  [['free eu', 'eu', 'free'], ['eu', 'free'], ['free eu']],
  [['eu', 'default'], ['eu', 'free'], ['default']],
  [['free eu'], ['eu'], ['free eu']],
])('where all must match: of %j those for %j are %j', (deployments, tags, expected) => {
  expect(allowed(deployments, tags, false)).toEqual(expected)
})

test('one that cannot answer the endpoint does not keep the default from standing in', () => {
  const input = inputWith([{ tags: ['eu'], speaks: false }, { tags: ['default'] }], {
    rules: { isTagFiltering: true },
    request: { tags: ['eu'] },
  })
  expect(input.candidates.map((one) => isWithinTags(one, input))).toEqual([true, true])
})
