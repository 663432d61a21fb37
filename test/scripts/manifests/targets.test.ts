import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { components } from '../../../infra/components/index.ts'
import { writeTargets } from '../../../scripts/manifests/targets.ts'
import type { Target } from '../../../scripts/manifests/targets.ts'

const root = join(import.meta.dirname, '../../..')
let folder = ''
let targets: readonly Target[] = []

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'colonnade-targets-'))
  targets = writeTargets(root, folder, 'elsewhere')
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

test('the base, every overlay and every example are looked at', () => {
  const names = targets.map(({ name }) => name)
  expect(names).toContain('k8s')
  for (const name of readdirSync(join(root, 'overlays')))
    expect(names).toContain(`overlays/${name}`)
  for (const name of readdirSync(join(root, 'docs/platforms')))
    expect(names).toContain(`docs/platforms/${name}`)
  expect(new Set(targets.map(({ folder: own }) => own)).size).toBe(targets.length)
  for (const { folder: own } of targets)
    expect(existsSync(join(own, 'kustomization.yaml'))).toBe(true)
})

test('every component is asked for by one of them', () => {
  const made = targets.map(({ folder: own }) => join(own, 'components'))
  for (const { name } of components)
    expect(
      made.some((place) => existsSync(join(place, name))),
      name,
    ).toBe(true)
})

test('all of it is in one namespace where one is named, with keys of its own', () => {
  for (const { name, folder: own } of targets.filter((one) => !one.name.startsWith('overlays/'))) {
    const text = readFileSync(join(own, 'k8s/shared/00-namespace.yaml'), 'utf8')
    expect(text, name).toContain('name: elsewhere')
  }
  expect(readFileSync(join(targets[0]?.folder ?? '', '.env'), 'utf8')).toMatch(/LLM_MASTER_KEY=sk-/)
})
