import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/cluster/**', 'test/load/**'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    coverage: {
      provider: 'v8',
      include: ['gateway/**/*.ts', 'infra/**/*.ts', 'modules/**/*.ts'],
      reporter: ['text-summary', 'json-summary'],
    },
  },
})
