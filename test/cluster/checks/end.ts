import type { Check } from '../check.ts'
import { foundWell } from '../doctor.ts'
import { untilKeysWork } from './keys.ts'

/** After all that was broken is mended. */
export const endChecks: readonly Check[] = [
  {
    group: 'end',
    what: 'npm run doctor of a fleet that is well again',
    run: async (stage) => {
      await untilKeysWork(stage)
      return foundWell(stage)
    },
  },
]
