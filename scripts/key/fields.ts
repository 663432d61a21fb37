import { durationMs } from '../../modules/duration.ts'
import { UsageError, type KeyArguments } from './arguments.ts'

type Said = KeyArguments['said']

const periods: Readonly<Record<string, string>> = {
  hour: '1h',
  day: '1d',
  week: '7d',
  month: '1mo',
}

/** What was said of limits, by the names of the management API; `none` takes a limit away. */
export function limitsOf(said: Said): Record<string, unknown> {
  return {
    ...budgetOf(said.budget),
    ...given('soft_budget', said['soft-budget'], dollarsOf),
    ...given('rpm_limit', said.rpm, countOf('--rpm')),
    ...given('tpm_limit', said.tpm, countOf('--tpm')),
    ...given('rpd_limit', said.rpd, countOf('--rpd')),
    ...given('tpd_limit', said.tpd, countOf('--tpd')),
    ...given('max_parallel_requests', said.parallel, countOf('--parallel')),
    ...given('models', said.models, listOf),
    ...given('modules', said.modules, listOf),
    ...given('tags', said.tags, listOf),
  }
}

/** The same of a key, with its name and its time. */
export function keyFieldsOf(said: Said): Record<string, unknown> {
  return {
    ...limitsOf(said),
    ...given('key_alias', said.name, (name) => name),
    ...given('team_id', said.team, (id) => id),
    ...given('user_id', said.user, (id) => id),
    ...(said.expires === undefined ? {} : { duration: lifetimeOf(said.expires) }),
  }
}

/** `5usd/month`, `$5`, `0.5/12h`. */
export function budgetOf(written: string | undefined): Record<string, unknown> {
  if (written === undefined) return {}
  if (isNone(written)) return { max_budget: null, budget_duration: null }
  const [amount = '', period, ...more] = written.split('/')
  if (more.length > 0) throw new UsageError(wrongBudget(written))
  return {
    max_budget: dollarsOf(amount),
    budget_duration: period === undefined ? null : periodOf(period, written),
  }
}

function periodOf(period: string, written: string): string {
  const word = period.trim().toLowerCase()
  const duration = Object.hasOwn(periods, word) ? periods[word] : word
  if (duration !== undefined && durationMs(duration) !== undefined) return duration
  throw new UsageError(wrongBudget(written))
}

function wrongBudget(written: string): string {
  return `--budget: expected dollars, and per what they are, such as 5usd/month, 20usd/7d or 100usd; found ${written}.`
}

function dollarsOf(written: string): number {
  const [, digits] =
    /^\s*\$?\s*(\d{1,7}(?:\.\d{1,9})?)\s*(?:usd|\$|dollars?)?\s*$/i.exec(written) ?? []
  if (digits !== undefined) return Number(digits)
  throw new UsageError(`Expected US dollars such as 5usd or 0.25, found ${written}.`)
}

function countOf(name: string): (written: string) => number {
  return (written) => {
    if (/^\d{1,15}$/.test(written)) return Number(written)
    throw new UsageError(`${name}: expected a whole number or none, found ${written}.`)
  }
}

function lifetimeOf(written: string): string {
  if (written === 'never' || isNone(written)) return '-1'
  if (durationMs(written) !== undefined) return written
  throw new UsageError(
    `--expires: expected a time to live such as 12h, 30d or 1mo, or never; found ${written}.`,
  )
}

function listOf(written: string): string[] {
  return written.split(',').flatMap((one) => one.trim() || [])
}

function given(
  name: string,
  written: string | undefined,
  read: (written: string) => unknown,
): Record<string, unknown> {
  if (written === undefined) return {}
  return { [name]: isNone(written) ? null : read(written) }
}

function isNone(written: string): boolean {
  return written.trim().toLowerCase() === 'none'
}
