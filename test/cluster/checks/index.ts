import type { Check } from '../check.ts'
import { applyChecks } from './apply.ts'
import { blastChecks } from './blast.ts'
import { illChecks } from './ill.ts'
import { keyChecks } from './keys.ts'
import { networkChecks } from './network.ts'
import { reachChecks } from './reach.ts'
import { zeroDropChecks } from './zero-drop.ts'

/** All that is to be shown, in order: the first makes what the others need. */
export const checks: readonly Check[] = [
  ...applyChecks,
  ...reachChecks,
  ...keyChecks,
  ...zeroDropChecks,
  ...illChecks,
  ...networkChecks,
  ...blastChecks,
]
