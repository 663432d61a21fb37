import { expect, test } from 'vitest'
import { imageInputs, imageName, imageTag } from '../../infra/image-tag.ts'
import { repository, writeFiles, writeFleet } from './fleet-folder.ts'

const files = {
  'gateway/main.ts': 'start()\n',
  'gateway/storage/0001.sql': 'select 1;\n',
  'gateway/Dockerfile': 'FROM x\n',
  'modules/module.ts': 'export {}\n',
  'modules/llm.yaml': 'model_list: []\n',
  'infra/synth.ts': 'synth()\n',
  'scripts/image/bundle.ts': 'bundle()\n',
  'scripts/up.ts': 'up()\n',
  'package.json': '{"type": "module", "dependencies": {"a": "1"}, "scripts": {}}',
  'package-lock.json': JSON.stringify({
    packages: {
      '': { dependencies: { a: '1' } },
      'node_modules/a': { version: '1', integrity: 'x' },
      'node_modules/b': { version: '1', integrity: 'y', dev: true },
      'node_modules/rolldown': { version: '1', integrity: 'v', dev: true },
    },
  }),
}

test('the image is made of the gateway and the TypeScript of modules/, by the bundler', () => {
  expect(imageInputs(writeFleet(files))).toEqual([
    'gateway/Dockerfile',
    'gateway/main.ts',
    'gateway/storage/0001.sql',
    'modules/module.ts',
    'scripts/image/bundle.ts',
  ])
  expect(imageInputs(repository)).toEqual(
    expect.arrayContaining([
      'modules/module.ts',
      'gateway/accounting/model-prices.json',
      'gateway/accounting/model-prices.LICENSE',
    ]),
  )
})

test.each([
  ['a source', { 'gateway/main.ts': 'start(2)\n' }],
  ['a migration', { 'gateway/storage/0001.sql': 'select 2;\n' }],
  ['a new file', { 'gateway/new.ts': '' }],
  ['the Dockerfile', { 'gateway/Dockerfile': 'FROM y\n' }],
  ['how it is bundled', { 'scripts/image/bundle.ts': 'bundle(2)\n' }],
  ['the bundler', { 'package-lock.json': files['package-lock.json'].replace('"v"', '"w"') }],
  ['a dependency', { 'package.json': '{"type": "module", "dependencies": {"a": "2"}}' }],
  [
    'an installed package',
    { 'package-lock.json': files['package-lock.json'].replace('"x"', '"z"') },
  ],
])('%s changes the tag', (_, change) => {
  const root = writeFleet(files)
  const before = imageTag(root)
  writeFiles(root, change)
  expect(imageTag(root)).not.toBe(before)
})

test.each([
  ['line ends', { 'gateway/main.ts': 'start()\r\n' }],
  ['a module file', { 'modules/llm.yaml': 'model_list: [1]\n' }],
  ['the generator', { 'infra/synth.ts': 'synth(2)\n' }],
  ['another script', { 'scripts/up.ts': 'up(2)\n' }],
  ['a name for a script', { 'package.json': files['package.json'].replace('{}', '{"a": "b"}') }],
  [
    'a development package',
    { 'package-lock.json': files['package-lock.json'].replace('"y"', '"z"') },
  ],
  ['what an editor leaves', { 'gateway/.main.ts.swp': 'x', 'gateway/main.ts~': 'x' }],
])('%s does not change the tag', (_, change) => {
  const root = writeFleet(files)
  const before = imageTag(root)
  writeFiles(root, change)
  expect(imageTag(root)).toBe(before)
})

test('a name that brings its own tag or digest stays as it is', () => {
  const root = writeFleet(files)
  const digest = `x@sha256:${'0'.repeat(64)}`
  expect(imageName({ image: 'x:1' }, root)).toBe('x:1')
  expect(imageName({ image: digest }, root)).toBe(digest)
  expect(imageName({ image: 'host:5000/x' }, root)).toBe(`host:5000/x:${imageTag(root)}`)
})
