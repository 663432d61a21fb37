import type { Fields } from './read-fields.ts'
import { tellItem, type Item, type ItemPlace } from './responses-items.ts'
import { addThought, sealThoughts } from './responses-thoughts.ts'

/** Thoughts of the model: what may be read of them, and sealed what it wants back. */
export class ReasoningItem implements Item {
  readonly #place: ItemPlace
  readonly #thoughts: Fields[] = []
  #summary: string | undefined
  #isOpen = true

  constructor(place: ItemPlace) {
    this.#place = place
    tellItem('added', place, this)
  }

  think(delta: string): void {
    if (this.#summary === undefined) {
      this.#summary = ''
      this.#tell('response.reasoning_summary_part.added', { part: summaryOf('') })
    }
    this.#summary += delta
    this.#tell('response.reasoning_summary_text.delta', { delta })
  }

  keep(thought: Fields): void {
    addThought(this.#thoughts, thought)
  }

  close(): void {
    this.#isOpen = false
    const text = this.#summary
    if (text !== undefined) {
      this.#tell('response.reasoning_summary_text.done', { text })
      this.#tell('response.reasoning_summary_part.done', { part: summaryOf(text) })
    }
    tellItem('done', this.#place, this)
  }

  snapshot(): Fields {
    const isSealed = !this.#isOpen && this.#thoughts.length > 0
    return {
      id: this.#place.id,
      type: 'reasoning',
      summary: this.#summary === undefined ? [] : [summaryOf(this.#summary)],
      ...(isSealed && { encrypted_content: sealThoughts(this.#thoughts) }),
    }
  }

  #tell(type: string, fields: Fields): void {
    this.#place.emit(type, {
      item_id: this.#place.id,
      output_index: this.#place.outputIndex,
      summary_index: 0,
      ...fields,
    })
  }
}

function summaryOf(text: string): Fields {
  return { type: 'summary_text', text }
}
