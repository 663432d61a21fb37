import type { Fields } from './read-fields.ts'
import { kept, tellItem, type Item, type ItemPlace, type ItemStatus } from './responses-items.ts'

type PartKind = 'output_text' | 'refusal'

interface Part {
  readonly kind: PartKind
  text: string
  readonly annotations: Fields[]
  readonly logprobs: Fields[]
}

/** Words of the model. */
export class MessageItem implements Item {
  readonly #place: ItemPlace
  readonly #parts: Part[] = []
  #isPartOpen = false
  #status: ItemStatus = 'in_progress'
  #extras: Fields = {}

  constructor(place: ItemPlace) {
    this.#place = place
    tellItem('added', place, this)
  }

  say(kind: PartKind, delta: string, logprobs: readonly Fields[] = []): void {
    const part = this.#open(kind)
    part.text += delta
    part.logprobs.push(...logprobs)
    this.#tell(`response.${kind}.delta`, {
      delta,
      ...(kind === 'output_text' && { logprobs }),
    })
  }

  annotate(annotation: Fields): void {
    const part = this.#open('output_text')
    part.annotations.push(annotation)
    this.#tell('response.output_text.annotation.added', {
      annotation_index: part.annotations.length - 1,
      annotation,
    })
  }

  /** What the vendor wants back with the message. */
  keep(extras: Fields): void {
    this.#extras = { ...this.#extras, ...extras }
  }

  close(status: Exclude<ItemStatus, 'in_progress'>): void {
    if (this.#parts.length === 0) this.#open('output_text')
    this.#closePart()
    this.#status = status
    tellItem('done', this.#place, this)
  }

  snapshot(): Fields {
    return {
      id: this.#place.id,
      type: 'message',
      status: this.#status,
      role: 'assistant',
      content: this.#parts.map(partOf),
      ...kept(this.#extras),
    }
  }

  #open(kind: PartKind): Part {
    const last = this.#parts.at(-1)
    if (last?.kind === kind && this.#isPartOpen) return last
    this.#closePart()
    const part: Part = { kind, text: '', annotations: [], logprobs: [] }
    this.#parts.push(part)
    this.#isPartOpen = true
    this.#tell('response.content_part.added', { part: partOf(part) })
    return part
  }

  #closePart(): void {
    const part = this.#parts.at(-1)
    if (!part || !this.#isPartOpen) return
    this.#isPartOpen = false
    const { kind, text, logprobs } = part
    this.#tell(`response.${kind}.done`, kind === 'refusal' ? { refusal: text } : { text, logprobs })
    this.#tell('response.content_part.done', { part: partOf(part) })
  }

  #tell(type: string, fields: Fields): void {
    this.#place.emit(type, {
      item_id: this.#place.id,
      output_index: this.#place.outputIndex,
      content_index: this.#parts.length - 1,
      ...fields,
    })
  }
}

function partOf({ kind, text, annotations, logprobs }: Part): Fields {
  if (kind === 'refusal') return { type: kind, refusal: text }
  return { type: kind, annotations: [...annotations], logprobs: [...logprobs], text }
}
