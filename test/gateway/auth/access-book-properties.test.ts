import fc from 'fast-check'
import { expect, test } from 'vitest'

import { AccessBook } from '../../../gateway/auth/access-book.ts'
import { accessRow, owner } from './access-rows.ts'

const tick = () => new Promise((resolve) => setImmediate(resolve))
const id = 'a'.repeat(64)

/** What may happen, in any order; the number is how many turns it takes. */
const step = fc.oneof(
  fc.record({ kind: fc.constant('change' as const), turns: fc.nat(4) }),
  fc.record({ kind: fc.constant('find' as const), turns: fc.nat(4) }),
  fc.record({ kind: fc.constant('wait' as const), turns: fc.nat(3) }),
)

test('a key that is found at once is never older than what was told of it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      // The team's version in the database, and the one that every notice so far has told of.
      const here = {
        version: 1,
        told: 1,
        readTurns: 0,
        tell: (_payload: string): void => undefined,
      }
      const rowNow = () => accessRow({ id, team: owner('t', { tags: [`${here.version}`] }) })
      const book = new AccessBook({
        source: {
          isConfigured: true,
          place: 'db',
          awayBecause: undefined,
          async find() {
            const turns = here.readTurns
            for (let turn = 0; turn < turns; turn += 1) await tick()
            const row = rowNow()
            for (let turn = 0; turn < turns; turn += 1) await tick()
            return [row]
          },
          findRecent: () => Promise.resolve([]),
        },
        notices: {
          isAlive: true,
          mode: 'listening',
          listen(_channel, handler) {
            here.tell = handler
            return () => undefined
          },
        },
        now: () => 0,
      })
      book.open({ onDatabaseOutage: 'lease', maxKeyStalenessMs: 0, timeZone: 'UTC' })
      const running: Promise<unknown>[] = []
      const versionAtOnce = (): number | undefined => {
        const found = book.find(id)
        if (!(found instanceof Promise)) return Number(found.access?.tags[0])
        running.push(found)
        return undefined
      }
      const changeLater = async (turns: number): Promise<void> => {
        here.version += 1
        const { version } = here
        for (let turn = 0; turn < turns; turn += 1) await tick()
        here.tell('teams t')
        here.told = Math.max(here.told, version)
      }
      for (const { kind, turns } of steps) {
        if (kind === 'change') running.push(changeLater(turns))
        if (kind === 'wait') for (let turn = 0; turn < turns; turn += 1) await tick()
        if (kind === 'find') {
          here.readTurns = turns
          const found = versionAtOnce()
          if (found !== undefined) expect(found).toBeGreaterThanOrEqual(here.told)
        }
      }
      while (running.length > 0) await Promise.all(running.splice(0))
      await book.find(id)
      expect(versionAtOnce()).toBe(here.version)
      book.close()
    }),
    { numRuns: 200 },
  )
})
