import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { synthesiseOverlays } from '../../infra/overlays/index.ts'
import { components } from '../../infra/components/index.ts'
import { readFleet } from '../../infra/fleet.ts'
import { readPlatform } from '../../modules/platform.ts'
import { readModule } from '../../modules/read-module.ts'
import { readPages } from './pages.ts'

const root = join(import.meta.dirname, '../..')
const page = readPages().find(({ path }) => path === 'docs/kubernetes.md')?.text ?? ''
const examples = [...page.matchAll(/```yaml\n([^]*?)```/g)].map(([, text = '']) => text)
const model = 'model_list: [{model_name: a, litellm_params: {model: openai/a}}]\n'

const faultsOf = (text: string) => readModule(text, { file: 'm', name: 'm' }).faults

test('its modules, model servers and entrances are what they should be', () => {
  const modules = examples.filter((text) => text.includes('model_list:'))
  const servers = examples.filter((text) => text.startsWith('    - name:'))
  const platforms = examples.filter((text) => /^(?:ingress|gateway_api):/.test(text))
  expect([modules.length, servers.length, platforms.length]).toEqual([1, 1, 1])
  for (const text of modules) expect(faultsOf(text)).toEqual([])
  for (const text of servers) expect(faultsOf(`deploy:\n  backends:\n${text}${model}`)).toEqual([])
  for (const text of platforms) expect(readPlatform(text).faults).toEqual([])
})

/** First cells of the rows of a table below a heading. */
function rowsOf(heading: string): string[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? ''
  return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name = '']) => name)
}

test('names every component', () => {
  expect(rowsOf('Components')).toEqual(components.map(({ name }) => name).sort())
})

test('names every overlay', () => {
  const made = [...synthesiseOverlays({ ...readFleet(root), image: 'a:b' }).keys()]
  const there = [...readdirSync(join(root, 'overlays')), ...made.map((path) => path.split('/')[0])]
  const wanted = [...new Set(there)].map((name) => `overlays/${name}`)
  expect(rowsOf('Overlays').sort()).toEqual(wanted.sort())
})

test('shows every example of platform.yaml', () => {
  for (const name of readdirSync(join(root, 'docs/platforms')))
    expect(page).toContain(`(platforms/${name})`)
})
