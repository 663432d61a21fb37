import { defineConfig } from 'vitest/config'

// What holds deadlines of a fraction of a second, or compares rates: run two at a time when the others are through.
const timed = [
  'test/gateway/caller-gone.test.ts',
  'test/gateway/deadlines.test.ts',
  'test/gateway/keys-revoked.test.ts',
  'test/gateway/queue.test.ts',
  'test/gateway/sound-streams.test.ts',
]

// Minutes of kills, outages, crowds and slow readers: `npm run test:long`.
const long = [
  'test/gateway/budgets-killed.test.ts',
  'test/gateway/limits/gates-on-ledger.test.ts',
  'test/gateway/limits/leased-counter.test.ts',
  'test/gateway/limits/ledger-invariant.test.ts',
  'test/gateway/outage-contract.test.ts',
  'test/gateway/outage.test.ts',
  'test/gateway/quotas-shared.test.ts',
  'test/gateway/shared-places.test.ts',
  'test/gateway/storage/connection.test.ts',
  'test/gateway/storage/slot-store.test.ts',
  'test/gateway/streams-aborted.test.ts',
  'test/gateway/streams-slow.test.ts',
  'test/scripts/embedded-postgres-as-root.test.ts',
  'test/scripts/embedded-postgres.test.ts',
]

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 15_000 } },
    pool: 'forks',
    projects: [
      {
        extends: true,
        test: {
          name: 'all',
          include: ['test/**/*.test.ts'],
          exclude: ['test/cluster/**', 'test/load/**', ...timed, ...long],
          // Many tests wait for something: four keep two cores at work.
          maxWorkers: 4,
          // A process runs one file after the other, so that what they import is loaded once: a third of the time.
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'timed', include: timed, maxWorkers: 2, sequence: { groupOrder: 1 } },
      },
      {
        extends: true,
        test: { name: 'long', include: long, maxWorkers: 2, sequence: { groupOrder: 2 } },
      },
    ],
    coverage: {
      provider: 'v8',
      include: ['gateway/**/*.ts', 'infra/**/*.ts', 'modules/**/*.ts'],
      reporter: ['text-summary', 'json-summary'],
    },
  },
})
