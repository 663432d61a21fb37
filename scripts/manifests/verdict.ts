import { excuses } from './exceptions.ts'
import type { Exception } from './exceptions.ts'
import type { Finding } from './linter.ts'

/** What is left of a tool's findings, and which exceptions nobody needed. */
export interface Verdict {
  readonly findings: readonly Finding[]
  readonly inVain: readonly Exception[]
}

/** Takes away what is excused. */
export function judge(
  tool: string,
  found: readonly Finding[],
  exceptions: readonly Exception[],
): Verdict {
  const own = exceptions.filter((one) => one.tool === tool)
  return {
    findings: found.filter((finding) => !own.some((one) => excuses(one, finding))),
    inVain: own.filter((one) => !found.some((finding) => excuses(one, finding))),
  }
}
