import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

import { placeholders } from '../../gateway/providers/comfyui-placeholders.ts'

test('the placeholders of a workflow are those of its table', () => {
  const text = readFileSync(new URL('../../docs/providers.md', import.meta.url), 'utf8')
  const [, section = ''] = /^## ComfyUI\n([\s\S]*?)\n## /m.exec(text) ?? []
  const rows = section.split('\n').filter((line) => line.startsWith('| `{{'))
  const named = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name),
  )
  // The row of pictures names the first and the last of a run.
  expect(new Set([...named, 'image_3'])).toEqual(new Set(Object.keys(placeholders)))
})
