import type { Member } from './json-members.ts'
import { valueAt } from './json-value.ts'

type Fields = Readonly<Record<string, unknown>>

/** The kind of value a field holds: what endpoints require is told apart, and no more. */
export type FieldKind = 'list' | 'text' | 'other'

const quote = 0x22
const openBracket = 0x5b
const lowerN = 0x6e

/** One JSON object that is known to be sound: its bytes, and where its members stand. Values are made when they are asked for. */
export class JsonDocument {
  readonly bytes: Buffer
  readonly members: readonly Member[]
  #fields: Fields | undefined

  constructor(bytes: Buffer, members: readonly Member[]) {
    this.bytes = bytes
    this.members = members
  }

  /** All values: a parser's work. Most requests and answers pass without it. */
  get fields(): Fields {
    return (this.#fields ??= parse(this.bytes))
  }

  /** One value; undefined where there is none. */
  field(name: string): unknown {
    const member = this.find(name)
    if (!member) return undefined
    return valueAt(this.bytes, member.valueStart, member.end)
  }

  /** The kind of one value; undefined where there is none, or null. */
  kindOf(name: string): FieldKind | undefined {
    const member = this.find(name)
    const first = member && this.bytes[member.valueStart]
    if (first === undefined || first === lowerN) return undefined
    if (first === openBracket) return 'list'
    return first === quote ? 'text' : 'other'
  }

  /** The last member of that name, which is the one that parsers take. */
  find(name: string): Member | undefined {
    for (let at = this.members.length - 1; at >= 0; at -= 1) {
      const member = this.members[at]
      if (member?.key === name) return member
    }
    return undefined
  }
}

function parse(bytes: Buffer): Fields {
  const fields: Fields = JSON.parse(bytes.toString('utf8'))
  return fields
}
