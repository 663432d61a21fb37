import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { copyFleet, synthesiseFolder } from '../fleet-folder.ts'

test('Postgres is told not to wait for the connections that gateways keep', () => {
  const text = synthesiseFolder(copyFleet()).get('shared/postgres-statefulset.yaml')
  expect(parse(text ?? '').spec.template.spec.containers[0]).toMatchObject({
    name: 'postgres',
    // SIGINT is its fast end; SIGTERM, which an image may ask for, is the one that waits.
    lifecycle: { preStop: { exec: { command: ['sh', '-c', 'kill -INT 1'] } } },
  })
})
