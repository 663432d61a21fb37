import type { Fields } from './read-fields.ts'

/** Says one event of a stream; an answer that comes whole says none. */
export type Emit = (type: string, fields: Fields) => void

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete'

/** An item of the output while it is made. */
export interface Item {
  /** The item as it stands. */
  snapshot(): Fields
  /** Ends it, once. */
  close(status: Exclude<ItemStatus, 'in_progress'>): void
}

/** Where an item stands, and how it is told. */
export interface ItemPlace {
  readonly id: string
  readonly outputIndex: number
  readonly emit: Emit
}

/** Tells that an item has begun, or that it is whole. */
export function tellItem(what: 'added' | 'done', place: ItemPlace, item: Item): void {
  place.emit(`response.output_item.${what}`, {
    output_index: place.outputIndex,
    item: item.snapshot(),
  })
}

/** What a vendor wants back with an item, in the field that chat has for it. */
export function kept(extras: Fields): Fields {
  return Object.keys(extras).length === 0 ? {} : { provider_specific_fields: extras }
}
