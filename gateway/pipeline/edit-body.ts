import type { Member } from './json-members.ts'

/** Changes to the members of a JSON object; all else keeps its bytes. */
export interface BodyEdits {
  /** Key → new value, as JSON bytes. Keys the object lacks are put in front. */
  readonly set: ReadonlyMap<string, Buffer>
  readonly remove: ReadonlySet<string>
}

const openBrace = Buffer.from('{')
const closeBrace = Buffer.from('}')
const commaBytes = Buffer.from(',')

/** The object with one value changed. */
export function replaceValue(bytes: Buffer, { valueStart, end }: Member, value: Buffer): Buffer {
  const behind = valueStart + value.length
  const edited = Buffer.allocUnsafe(behind + bytes.length - end)
  bytes.copy(edited, 0, 0, valueStart)
  value.copy(edited, valueStart)
  bytes.copy(edited, behind, end)
  return edited
}

/** The object with the edits made. Without an edit that matters the very same bytes come back. */
export function editBody(bytes: Buffer, members: readonly Member[], edits: BodyEdits): Buffer {
  const isRemoving = edits.remove.size > 0 && members.some(({ key }) => edits.remove.has(key))
  return isRemoving ? rebuild(bytes, members, edits) : splice(bytes, members, edits)
}

function splice(bytes: Buffer, members: readonly Member[], edits: BodyEdits): Buffer {
  const pieces: Buffer[] = []
  let position = 0
  let found = 0
  for (const member of members) {
    const value = edits.set.get(member.key)
    if (value === undefined) continue
    found += 1
    pieces.push(bytes.subarray(position, member.valueStart), value)
    position = member.end
  }
  if (pieces.length === 0 && found === edits.set.size) return bytes
  pieces.push(bytes.subarray(position))
  if (found < edits.set.size) {
    const first = pieces[0] ?? bytes
    const brace = first.indexOf(openBrace) + 1
    pieces.splice(
      0,
      1,
      first.subarray(0, brace),
      ...addedMembers(members, edits),
      first.subarray(brace),
    )
  }
  return Buffer.concat(pieces)
}

function addedMembers(members: readonly Member[], edits: BodyEdits): Buffer[] {
  const present = new Set(members.map(({ key }) => key))
  const added: Buffer[] = []
  for (const [key, value] of edits.set) {
    if (present.has(key)) continue
    if (added.length > 0) added.push(commaBytes)
    added.push(Buffer.from(`${JSON.stringify(key)}:`), value)
  }
  if (members.length > 0) added.push(commaBytes)
  return added
}

function rebuild(bytes: Buffer, members: readonly Member[], edits: BodyEdits): Buffer {
  const kept = members.filter(({ key }) => !edits.remove.has(key))
  const pieces = [openBrace, ...(edits.set.size > 0 ? addedMembers(kept, edits) : [])]
  if (kept.length === 0 && pieces.at(-1) === commaBytes) pieces.pop()
  if (pieces.length > 1 && pieces.at(-1) === commaBytes) pieces.pop()
  for (const member of kept) {
    if (pieces.length > 1) pieces.push(commaBytes)
    const value = edits.set.get(member.key)
    if (value === undefined) pieces.push(bytes.subarray(member.start, member.end))
    else pieces.push(bytes.subarray(member.start, member.valueStart), value)
  }
  pieces.push(closeBrace)
  return Buffer.concat(pieces)
}
