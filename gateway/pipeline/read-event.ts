/** A server-sent event, read as the standard says. */
export interface ReadEvent {
  readonly name: string
  /** Undefined: it has no data, so no parser hands it out. */
  readonly data: string | undefined
  /** Where its data stands in more than one line. */
  readonly isSplit: boolean
  /** Comments and empty lines alone: what keeps a connection alive. */
  readonly isComment: boolean
}

const colon = ':'

/** The fields of one whole event, whose lines end in LF. */
export function readEvent(event: Buffer): ReadEvent {
  const data: string[] = []
  let name = ''
  let isComment = true
  for (const line of event.toString('utf8').split('\n')) {
    if (line === '' || line.startsWith(colon)) continue
    isComment = false
    const at = line.indexOf(colon)
    const field = at < 0 ? line : line.slice(0, at)
    if (field === 'data') data.push(valueOf(line, at))
    else if (field === 'event') name = valueOf(line, at)
  }
  return {
    name,
    data: data.length === 0 ? undefined : data.join('\n'),
    isSplit: data.length > 1,
    isComment,
  }
}

/** Offset of the value of the first `data:` line of an event that has one. */
export function dataStart(event: Buffer): number {
  const at = event.subarray(0, 5).equals(dataField) ? 0 : event.indexOf(dataLine) + 1
  const start = at + dataField.length
  return event[start] === 0x20 ? start + 1 : start
}

const dataField = Buffer.from('data:')
const dataLine = Buffer.from('\ndata:')

function valueOf(line: string, at: number): string {
  if (at < 0) return ''
  return line.slice(line[at + 1] === ' ' ? at + 2 : at + 1)
}
