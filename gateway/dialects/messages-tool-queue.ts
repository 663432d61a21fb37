import type { Fields } from './read-fields.ts'

/** A call of a tool whose arguments are still coming. */
export interface OpenTool {
  readonly id: string
  readonly name: string
  /** All arguments so far. */
  written: string
  /** Of them, those that nobody has been told yet. */
  pending: string
}

/**
 * Calls as they come, handed on one after the other: Anthropic ends a block before the next begins, while servers
 * may write the arguments of several at once. The first is live; the others wait until it is whole.
 */
export class ToolQueue {
  readonly #byKey = new Map<unknown, OpenTool>()
  readonly #waiting: OpenTool[] = []
  count = 0

  /** The call that a piece belongs to; undefined where it begins a new one. */
  find(key: unknown, id: string | undefined): OpenTool | undefined {
    const known = this.#byKey.get(key)
    // Some servers number every call 0.
    return known !== undefined && id !== undefined && id !== known.id ? undefined : known
  }

  add(key: unknown, id: string, name: string): OpenTool {
    const tool = { id, name, written: '', pending: '' }
    this.#byKey.set(key, tool)
    this.#waiting.push(tool)
    this.count += 1
    return tool
  }

  /** Whether a call has ended, so that nothing may be added to it. */
  hasEnded(tool: OpenTool): boolean {
    return !this.#waiting.includes(tool)
  }

  get live(): OpenTool | undefined {
    return this.#waiting[0]
  }

  /** Ends the live call where another one waits and it is whole, or in any case where `isForced`. */
  takeEnded(isForced: boolean): OpenTool | undefined {
    const [live] = this.#waiting
    if (live === undefined) return undefined
    const mayEnd = isForced || (this.#waiting.length > 1 && isWhole(live.written))
    return mayEnd ? this.#waiting.shift() : undefined
  }
}

function isWhole(written: string): boolean {
  if (!written.trimEnd().endsWith('}')) return false
  try {
    JSON.parse(written)
    return true
  } catch {
    return false
  }
}

/** The block that begins a call. */
export function toolBlock({ id, name }: OpenTool): Fields {
  return { type: 'tool_use', id, name, input: {} }
}
