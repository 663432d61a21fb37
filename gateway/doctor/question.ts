/** What the doctor is asked: addresses, and nothing about where they come from. */
export interface Question {
  /** For each of them; all run side by side. */
  readonly timeoutMs: number
  /** Name servers to ask, each directly. */
  readonly ask: readonly DnsQuestion[]
  /** Doors to knock at, by this machine's own name resolution. */
  readonly reach: readonly Door[]
}

export interface DnsQuestion {
  readonly id: string
  readonly server: string
  readonly port: number
  readonly transport: 'udp' | 'tcp'
  readonly name: string
}

export interface Door {
  readonly id: string
  readonly host: string
  readonly port: number
  /** Sent once the door is open; what comes back is `heard`. */
  readonly say?: string
}

/** Thrown for what is no question; says what is wrong with it. */
export class QuestionError extends Error {}

/** Reads a question; what is missing is empty. Throws QuestionError. */
export function readQuestion(input: string): Question {
  const value = parse(input)
  const { timeoutMs = 3000 } = value
  if (typeof timeoutMs !== 'number' || !(timeoutMs >= 100 && timeoutMs <= 60_000))
    throw new QuestionError('timeoutMs: expected a number from 100 to 60000')
  return {
    timeoutMs,
    ask: listOf(value, 'ask').map(readDnsQuestion),
    reach: listOf(value, 'reach').map(readDoor),
  }
}

type Fields = Readonly<Record<string, unknown>>

function parse(input: string): Fields {
  try {
    const value: unknown = JSON.parse(input)
    if (isFields(value)) return value
  } catch {
    // The sentence below says it.
  }
  throw new QuestionError(
    'expected a JSON object on stdin, such as {"reach": [{"id": "a", "host": "127.0.0.1", "port": 4000}]}',
  )
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function listOf(value: Fields, name: string): Fields[] {
  const list = value[name] ?? []
  if (Array.isArray(list) && list.every(isFields)) return list
  throw new QuestionError(`${name}: expected a list of objects`)
}

function readDnsQuestion(one: Fields, index: number): DnsQuestion {
  const at = `ask[${index}]`
  return {
    id: textOf(one, 'id', at),
    server: textOf(one, 'server', at),
    port: portOf(one, at, 53),
    transport: one['transport'] === 'tcp' ? 'tcp' : 'udp',
    name: textOf(one, 'name', at),
  }
}

function readDoor(one: Fields, index: number): Door {
  const at = `reach[${index}]`
  const door = { id: textOf(one, 'id', at), host: textOf(one, 'host', at), port: portOf(one, at) }
  return one['say'] === undefined ? door : { ...door, say: textOf(one, 'say', at) }
}

function textOf(one: Fields, name: string, at: string): string {
  const value = one[name]
  if (typeof value === 'string' && value !== '') return value
  throw new QuestionError(`${at}.${name}: expected a text`)
}

function portOf(one: Fields, at: string, otherwise?: number): number {
  const value = one['port'] ?? otherwise
  if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536)
    return value
  throw new QuestionError(`${at}.port: expected a number from 1 to 65535`)
}
