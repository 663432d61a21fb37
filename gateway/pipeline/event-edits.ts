import { isObject } from '../../modules/json-object.ts'
import { upstreamNonsense } from '../errors/upstream-nonsense.ts'
import { editBody } from './edit-body.ts'
import { findMember, findMembers, JsonShapeError, type Member } from './json-members.ts'
import { dataStart, type ReadEvent } from './read-event.ts'

/** The JSON of one event. */
export type Chunk = Record<string, unknown>

const nullUsage = [Buffer.from(',"usage":null'), Buffer.from(', "usage": null')]
const usageRemoved: ReadonlySet<string> = new Set(['usage'])

/** Where `"usage":null` stands with its comma, and its length; -1 where it does not. */
export function findNullUsage(event: Buffer): readonly [number, number] {
  for (const pattern of nullUsage) {
    const at = event.indexOf(pattern)
    if (at >= 0) return [at, pattern.length]
  }
  return [-1, 0]
}

/** The `model` of a chunk, or of the response or message that an event carries. */
export function modelMember(event: Buffer, chunk: Chunk): Member | undefined {
  if (typeof chunk['model'] === 'string') return memberAt(event, 'model', dataStart(event))
  for (const key of ['response', 'message']) {
    const nested = chunk[key]
    if (!isObject(nested) || typeof nested['model'] !== 'string') continue
    const holder = memberAt(event, key, dataStart(event))
    return holder && memberAt(event, 'model', holder.valueStart)
  }
  return undefined
}

function memberAt(event: Buffer, key: string, from: number): Member | undefined {
  return shapely(() => findMember(event, key, from))
}

/** The event without its usage. */
export function withoutUsage(event: Buffer): Buffer {
  const start = dataStart(event)
  const body = event.subarray(start)
  const members = shapely(() => findMembers(body))
  const edited = editBody(body, members, { set: new Map(), remove: usageRemoved })
  return Buffer.concat([event.subarray(0, start), edited, Buffer.from('\n\n')])
}

/** The event with a cost in its usage, US dollars; what its upstream says itself stays. */
export function withCost(event: Buffer, { usage }: Chunk, dollars: string): Buffer {
  const member =
    isObject(usage) && !('cost' in usage) ? memberAt(event, 'usage', dataStart(event)) : undefined
  if (!member) return event
  const at = member.valueStart + 1
  const comma = isObject(usage) && Object.keys(usage).length > 0 ? ',' : ''
  const cost = Buffer.from(`"cost":${dollars}${comma}`)
  return Buffer.concat([event.subarray(0, at), cost, event.subarray(at)])
}

function shapely<T>(find: () => T): T {
  try {
    return find()
  } catch (cause) {
    if (!(cause instanceof JsonShapeError)) throw cause
    throw upstreamNonsense('sent an event that is nested too deeply', cause)
  }
}

/** Its data in one line: a break between lines of JSON means a space. */
export function oneLine({ name, data = '' }: ReadEvent): Buffer {
  const eventLine = name === '' ? '' : `event: ${name}\n`
  return Buffer.from(`${eventLine}data: ${data.replaceAll('\n', ' ')}\n\n`)
}
