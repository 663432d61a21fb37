import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { builders, findBuilder } from '../../scripts/image/builders.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'colonnade-test-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A program of this name that says these words and ends with this status. */
function install(name: string, status: number, words = ''): void {
  const path = join(folder, name)
  writeFileSync(
    path,
    `#!/bin/sh\necho "$1" >> "${path}.asked"\necho "${words}" >&2\nexit ${status}\n`,
  )
  chmodSync(path, 0o755)
}

const find = (only?: Parameters<typeof findBuilder>[1]): ReturnType<typeof findBuilder> =>
  findBuilder({ PATH: folder }, only)

describe('the builder', () => {
  test('is the first of the installed ones that answers', () => {
    install('podman', 0)
    install('minikube', 0)
    expect(find().builder?.name).toBe('podman')
  })

  test('is not a docker client without its daemon, and its own words say why', () => {
    install('docker', 1, 'Cannot connect to the Docker daemon at unix:///run/docker.sock.')
    install('buildah', 0)
    const { builder, passed } = find()
    expect(builder?.name).toBe('buildah')
    expect(passed[0]).toEqual({
      name: 'docker',
      isInstalled: true,
      reason: 'Cannot connect to the Docker daemon at unix:///run/docker.sock.',
    })
  })

  test('is asked for its daemon, not for its version', () => {
    install('docker', 0)
    find()
    expect(existsSync(join(folder, 'docker.asked'))).toBe(true)
    expect(builders.find(({ name }) => name === 'docker')?.probe).toEqual(['docker', 'info'])
  })

  test('is absent where nothing is installed, and nothing is called broken', () => {
    const { builder, passed } = find()
    expect(builder).toBeUndefined()
    expect(passed.map(({ name }) => name)).toEqual(builders.map(({ name }) => name))
    expect(passed.some(({ isInstalled }) => isInstalled)).toBe(false)
  })

  test('can be asked for by name, and no other is tried then', () => {
    install('docker', 0)
    const { builder, passed } = find('nerdctl')
    expect(builder).toBeUndefined()
    expect(passed.map(({ name }) => name)).toEqual(['nerdctl'])
  })

  test.each(builders)('$name gets tag, folder and base image', (builder) => {
    const command = builder.build({ tag: 'fleet:1a2b', context: '/context', base: 'node:other' })
    expect(command[0]).toBe(builder.name)
    expect(command.join(' ')).toMatch(/--tag[ =]fleet:1a2b /)
    expect(command.at(-1)).toBe('/context')
    expect(command.join(' ')).toContain('BASE=node:other')
    expect(builder.build({ tag: 't', context: '/c', base: undefined }).join(' ')).not.toContain(
      'BASE',
    )
  })
})
