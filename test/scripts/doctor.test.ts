import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const script = join(import.meta.dirname, '../../scripts/doctor.ts')

test('a folder that holds no fleet is refused, and named', () => {
  const { status, stderr } = spawnSync(process.execPath, [script, '--folder', '/no/such/folder'], {
    encoding: 'utf8',
  })
  expect(status).toBe(255)
  expect(stderr).toContain('There is no modules/ in /no/such/folder.')
})
