import { expect, test } from 'vitest'
import { isFault } from '../cluster/checks/dry-run.ts'
import { definitions, structural } from '../cluster/definitions.ts'
import { makeNeeds, removeNeeds } from '../cluster/needs.ts'
import type { Outcome } from '../../scripts/deploy/command.ts'

/** A cluster that has these objects by name; notes what it is told to make and to take away. */
function clusterWith(found: Readonly<Record<string, string>>) {
  const told: string[] = []
  const run = async (command: readonly string[]): Promise<Outcome> => {
    const words = command.slice(1).filter((word) => !word.startsWith('--'))
    if (words[0] !== 'get' && words[0] !== 'wait') told.push(words.join(' '))
    const stdout = words[0] === 'get' ? (found[words.slice(1).join(' ')] ?? '') : ''
    return { status: 0, stdout, stderr: '' }
  }
  return { run, told }
}

const definitionOf = (name: string, generation: number): object => ({
  metadata: { name, generation },
})

test('what is there is not made, and what is missing is', async () => {
  const [first, ...others] = definitions()
  const { run, told } = clusterWith({ [`crd ${first?.name}`]: 'there' })
  expect(await makeNeeds(run)).toEqual(others.map(({ name }) => name))
  // The namespace of KEDA too.
  expect(told).toHaveLength(others.length + 1)
})

test('a definition that somebody took over, or has objects of, stays', async () => {
  const items = [definitionOf('taken', 2), definitionOf('used', 1), definitionOf('ours', 1)]
  const { run, told } = clusterWith({ crd: JSON.stringify({ items }), used: 'used/one' })
  await removeNeeds(run)
  expect(told).toEqual(['delete crd ours'])
})

test('a definition has types all the way down, and knows no other field', () => {
  const block = { type: 'object', properties: {}, additionalProperties: false }
  const spec = {
    ...block,
    properties: {
      mode: { enum: ['a'] },
      labels: { type: 'object', additionalProperties: { type: 'string' } },
    },
  }
  expect(structural(spec)).toEqual({
    type: 'object',
    properties: {
      mode: { type: 'string', enum: ['a'] },
      labels: { type: 'object', additionalProperties: { type: 'string' } },
    },
  })
  expect(JSON.stringify(definitions())).not.toContain('preserve-unknown-fields')
})

test('only the overlay of the node network may be warned of, and only for that', () => {
  const warning = (reason: string): string =>
    `Warning: would violate PodSecurity "restricted:latest": ${reason}`
  const hostNetwork = { name: 'overlays/hostnetwork' }
  expect(isFault(warning('host namespaces (hostNetwork=true)'), hostNetwork)).toBe(false)
  expect(isFault(warning('host namespaces (hostNetwork=true)'), { name: 'k8s' })).toBe(true)
  const more = 'host namespaces (hostNetwork=true), seccompProfile (pod must set it)'
  expect(isFault(warning(more), hostNetwork)).toBe(true)
  expect(isFault('Error from server (Invalid): spec.replicas', hostNetwork)).toBe(true)
})
