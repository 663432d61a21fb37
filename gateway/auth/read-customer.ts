import type { Holder } from './access.ts'
import { readLimits, readModelLimits, readModuleLimits } from './read-limits.ts'
import { isTimeZone, settingsOf } from './read-settings.ts'

/** An end user of a caller's own application, as it stands in storage. */
export interface CustomerLimitsRow {
  readonly id: string
  readonly alias: string | null
  readonly isBlocked: boolean
  readonly settings: unknown
  readonly budget: { readonly id: string; readonly settings: unknown } | null
}

/** What is known of a customer whom somebody limits. */
export interface Customer {
  /** For messages: `customer ann`. */
  readonly label: string
  readonly isBlocked: boolean
  readonly budgetId: string | undefined
  readonly holder: Holder
}

const longestName = 100

/** A customer as it is used. Never throws, whatever is stored. */
export function readCustomer(row: CustomerLimitsRow, defaultTimeZone: string): Customer {
  const { id, alias, isBlocked, budget } = row
  const settings = { ...settingsOf(budget?.settings), ...settingsOf(row.settings) }
  const name = alias !== null && alias !== '' ? alias : id
  const label = `customer ${name.replaceAll(/\p{C}/gu, '?').slice(0, longestName)}`
  const { timezone } = settings
  return {
    label,
    isBlocked,
    budgetId: budget?.id,
    holder: {
      kind: 'customer',
      id,
      label,
      timeZone: isTimeZone(timezone) ? timezone : defaultTimeZone,
      limits: readLimits(settings),
      ofModels: readModelLimits(settings),
      ofModules: readModuleLimits(settings),
    },
  }
}
