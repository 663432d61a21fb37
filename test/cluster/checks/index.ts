import type { Check } from '../check.ts'
import { applyChecks } from './apply.ts'
import { blastChecks } from './blast.ts'
import { dryRunChecks } from './dry-run.ts'
import { endChecks } from './end.ts'
import { hostNetworkChecks } from './host-network.ts'
import { illChecks } from './ill.ts'
import { keyChecks } from './keys.ts'
import { networkChecks } from './network.ts'
import { newcomerChecks } from './newcomer.ts'
import { placeChecks } from './places.ts'
import { reachChecks } from './reach.ts'
import { vendorKeyChecks } from './vendor-key.ts'
import { zeroDropChecks } from './zero-drop.ts'

/** All that is to be shown, in order. */
export const checks: readonly Check[] = [
  ...dryRunChecks,
  ...applyChecks,
  ...reachChecks,
  ...keyChecks,
  ...vendorKeyChecks,
  ...zeroDropChecks,
  ...illChecks,
  ...placeChecks,
  ...networkChecks,
  ...blastChecks,
  ...newcomerChecks,
  ...hostNetworkChecks,
  ...endChecks,
]
