import { defineConfig } from 'vitest/config'

// What holds deadlines of a fraction of a second, or compares rates: run one by one when the others are through.
const timed = [
  'test/gateway/budgets-killed.test.ts',
  'test/gateway/caller-gone.test.ts',
  'test/gateway/keys-revoked.test.ts',
  'test/gateway/queue.test.ts',
  'test/gateway/sound-streams.test.ts',
  'test/gateway/streams-aborted.test.ts',
]

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    projects: [
      {
        extends: true,
        test: {
          name: 'all',
          include: ['test/**/*.test.ts'],
          exclude: ['test/cluster/**', 'test/load/**', ...timed],
          // Many tests wait for something: three keep two cores at work.
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'timed', include: timed, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
    coverage: {
      provider: 'v8',
      include: ['gateway/**/*.ts', 'infra/**/*.ts', 'modules/**/*.ts'],
      reporter: ['text-summary', 'json-summary'],
    },
  },
})
