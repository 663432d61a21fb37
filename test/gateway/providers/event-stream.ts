import { readEvent } from '../../../gateway/pipeline/read-event.ts'
import { WholePieces } from '../../../gateway/pipeline/whole-pieces.ts'
import type { StreamTranslator } from '../../../gateway/providers/provider.ts'

/** Server-sent events with these values as data, named by their type where `isNamed`. */
export function eventsOf(values: readonly unknown[], isNamed = false): string {
  return values
    .map((value) => {
      const type = isNamed && value !== null && typeof value === 'object' && 'type' in value
      return `${type ? `event: ${String(value.type)}\n` : ''}data: ${JSON.stringify(value)}\n\n`
    })
    .join('')
}

/** What a translator makes of a stream of events that the network brings in these pieces. */
export function translated(
  pieces: readonly Buffer[],
  translator: StreamTranslator,
): readonly unknown[] {
  const whole = new WholePieces('empty line')
  return pieces.flatMap((piece) => {
    const events = whole.push(piece)?.toString('utf8').split('\n\n') ?? []
    return events.flatMap((event) => {
      const { data } = readEvent(Buffer.from(event))
      return data === undefined ? [] : translator.onEvent(JSON.parse(data))
    })
  })
}
