import { expect, test } from 'vitest'
import { readSettings } from '../../gateway/settings.ts'
import { readPages } from './pages.ts'

const page = readPages().find(({ path }) => path === 'docs/gateway.md')?.text ?? ''

const rows = new Map(
  [...page.matchAll(/^\| `([A-Z_]+)` \| ([^|]*) \|/gm)].map(([, name = '', written = '']) => [
    name,
    written.trim(),
  ]),
)

test('has a row for every variable the settings are read from, and for no other', () => {
  const read = new Set<string>()
  const environment = new Proxy<NodeJS.ProcessEnv>(
    {},
    {
      get(_, name) {
        read.add(String(name))
        return undefined
      },
    },
  )
  readSettings(environment)
  expect([...rows.keys()].sort()).toEqual([...read].sort())
})

const seconds = (milliseconds: number): string => `\`${milliseconds / 1000}\``

test('gives the defaults of the settings', () => {
  const settings = readSettings({})
  expect(Object.fromEntries(rows)).toMatchObject({
    CONFIG_FILE: `\`${settings.configFile}\``,
    PORT: `\`${settings.port}\``,
    METRICS_PORT: `\`${settings.metricsPort}\``,
    SPOOL_DIR: `\`${settings.spoolDir}\``,
    SECRETS_DIR: `\`${settings.secretsDir}\``,
    NUM_WORKERS: `\`${settings.workers}\``,
    SHUTDOWN_DELAY_S: seconds(settings.shutdownDelayMs),
    SHUTDOWN_TIMEOUT_S: seconds(settings.shutdownTimeoutMs),
    LITELLM_LOG: `\`${settings.logLevel.toUpperCase()}\``,
  })
})
