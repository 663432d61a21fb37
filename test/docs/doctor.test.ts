import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readPages, root } from './pages.ts'

test('the table of findings has every code of the doctor, and no other', () => {
  const text = globSync('scripts/doctor/*.ts', { cwd: root })
    .map((file) => readFileSync(join(root, file), 'utf8'))
    .join('\n')
  const codes = [...text.matchAll(/'([a-z]+(?:-[a-z]+)+)'/g)].map(([, code = '']) => code)
  const page = readPages().find(({ path }) => path === 'docs/kubernetes.md')?.text ?? ''
  const section = page.split(/^## /m).find((one) => one.startsWith('Doctor')) ?? ''
  const rows = [...section.matchAll(/^\| (`[a-z-]+`(?:, `[a-z-]+`)*) \|/gm)]
  const named = rows.flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([a-z-]+)`/g)].map(([, code = '']) => code),
  )
  const told = [...text.matchAll(/code: '([a-z-]+)'/g)].map(([, code = '']) => code)
  expect(named.length).toBeGreaterThan(20)
  expect(named.filter((code) => !codes.includes(code))).toEqual([])
  expect([...new Set(told)].filter((code) => !named.includes(code))).toEqual([])
})
