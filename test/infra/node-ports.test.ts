import { describe, expect, test } from 'vitest'
import { assignNodePorts as assign } from '../../infra/node-ports.ts'

function wish(name: string, nodePort?: number) {
  const file = `modules/${name}.yaml`
  const text = nodePort === undefined ? '' : `deploy:\n  node_port: ${nodePort}\n`
  return { name, file, text, ...(nodePort === undefined ? {} : { nodePort }) }
}

function assignNodePorts(wishes: ReturnType<typeof wish>[], committed: Map<string, number>) {
  return assign(wishes, committed, 30950)
}

const none = new Map<string, number>()

test('a module gets the port its file names, the others the next free hundred', () => {
  const { ports, faults } = assignNodePorts([wish('a'), wish('b', 30100), wish('c')], none)
  expect(Object.fromEntries(ports)).toEqual({ a: 30200, b: 30100, c: 30300 })
  expect(faults).toEqual([])
})

test('a new file does not move the port a module has', () => {
  const committed = new Map([['llm', 30100]])
  const { ports } = assignNodePorts([wish('another'), wish('llm')], committed)
  expect(Object.fromEntries(ports)).toEqual({ another: 30200, llm: 30100 })
})

test('a port is not given away in the same synth in which its module went', () => {
  const { ports } = assignNodePorts([wish('fresh')], new Map([['gone', 30100]]))
  expect(ports.get('fresh')).toBe(30200)
})

test('a file may move its module to another port', () => {
  const { ports, faults } = assignNodePorts([wish('llm', 30150)], new Map([['llm', 30100]]))
  expect(ports.get('llm')).toBe(30150)
  expect(faults).toEqual([])
})

describe('a clash', () => {
  test('of two files is a fault that names both and the line', () => {
    const { faults } = assignNodePorts([wish('a', 30100), wish('b', 30100)], none)
    expect(faults).toMatchObject([
      { file: 'modules/b.yaml', line: 2, column: 3, path: 'deploy.node_port', severity: 'error' },
    ])
    expect(faults[0]?.message).toContain('modules/a.yaml')
  })

  test('with a committed port is the newcomer’s', () => {
    const { faults } = assignNodePorts([wish('a', 30100), wish('llm')], new Map([['llm', 30100]]))
    expect(faults).toMatchObject([{ file: 'modules/a.yaml' }])
    expect(faults[0]?.message).toContain('modules/llm.yaml')
  })

  test('with Prometheus’s port is a fault', () => {
    expect(assignNodePorts([wish('a', 30950)], none).faults[0]?.message).toContain('Prometheus')
  })
})

test('hundreds of modules get ports of their own, none of them taken', () => {
  const wishes = Array.from({ length: 500 }, (_, index) => wish(`m${index}`))
  const ports = [...assignNodePorts(wishes, none).ports.values()]
  expect(new Set(ports).size).toBe(500)
  expect(ports.slice(0, 9)).not.toContain(30900)
  expect(ports[26]).toBe(30101)
  expect(ports.every((port) => port >= 30100 && port <= 32767)).toBe(true)
})
