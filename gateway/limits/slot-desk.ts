import type { PlacesAsk, SharedPlaces, SlotNotice } from './slot-ledger.ts'

/** What a worker asks of the first process. */
export type DeskAsk =
  | { readonly op: 'renew'; readonly places: readonly SharedPlaces[] }
  | { readonly op: 'claim'; readonly ask: PlacesAsk }
  | { readonly op: 'withdraw'; readonly key: string }
  | { readonly op: 'give back'; readonly key: string; readonly count: number }

/** What it answers. */
export interface DeskAnswer {
  /** To a claim. */
  readonly got: number
  /** To a renewal: workers that share, what this one holds, what others wish of it. */
  readonly holders: number
  readonly held: readonly (readonly [key: string, count: number])[]
  readonly wishes: readonly SlotNotice[]
}

interface Places {
  total: number
  readonly held: Map<number, number>
  /** In the order in which they were made. */
  readonly wishes: Map<number, { readonly wanted: number; readonly held: number }>
}

/** Shares places out to the workers of one gateway, in the memory of its first process. */
export class SlotDesk {
  readonly #places = new Map<string, Places>()
  readonly #members = new Set<number>()
  readonly #tell: (member: number, notice: SlotNotice) => void

  constructor(tell: (member: number, notice: SlotNotice) => void) {
    this.#tell = tell
  }

  answer(member: number, asked: DeskAsk): DeskAnswer {
    this.#members.add(member)
    if (asked.op === 'renew') return this.#renew(member, asked.places)
    if (asked.op === 'claim') return { ...nothing, got: this.#claim(member, asked.ask) }
    if (asked.op === 'withdraw') this.#places.get(asked.key)?.wishes.delete(member)
    else this.#giveBack(member, asked.key, asked.count)
    return nothing
  }

  /** A worker has ended: what it held is free. */
  remove(member: number): void {
    this.#members.delete(member)
    for (const [key, { held, wishes }] of this.#places) {
      wishes.delete(member)
      if (held.delete(member)) this.#tellAll(member, { kind: 'freed', key })
    }
  }

  #renew(member: number, asked: readonly SharedPlaces[]): DeskAnswer {
    for (const { key, total } of asked) this.#placesOf(key).total = total
    const held: [string, number][] = []
    const notices: SlotNotice[] = []
    for (const [key, places] of this.#places) {
      const count = places.held.get(member) ?? 0
      if (count === 0) continue
      held.push([key, count])
      for (const [other, wish] of places.wishes) {
        if (other !== member) notices.push({ kind: 'wanted', key, from: `${other}`, ...wish })
      }
    }
    return { got: 0, holders: this.#members.size, held, wishes: notices }
  }

  #claim(member: number, { key, total, wanted, held, isUrgent }: PlacesAsk): number {
    const places = this.#placesOf(key)
    places.total = total
    let free = total
    for (const count of places.held.values()) free -= count
    for (const [other, wish] of places.wishes) {
      if (other === member) break
      free -= wish.wanted
    }
    const got = Math.max(0, Math.min(wanted, free))
    if (got > 0) {
      places.held.set(member, (places.held.get(member) ?? 0) + got)
      // Who was given something waits behind the others for the rest.
      places.wishes.delete(member)
    }
    if (isUrgent && got < wanted) {
      const wish = { wanted: wanted - got, held: held + got }
      places.wishes.set(member, wish)
      this.#tellAll(member, { kind: 'wanted', key, from: `${member}`, ...wish })
    } else {
      places.wishes.delete(member)
    }
    return got
  }

  #giveBack(member: number, key: string, count: number): void {
    const { held, wishes } = this.#placesOf(key)
    const wish = wishes.get(member)
    // Who passes a place on stands behind those it is for.
    if (wish && wishes.delete(member)) wishes.set(member, wish)
    const left = (held.get(member) ?? 0) - count
    if (left > 0) held.set(member, left)
    else held.delete(member)
    for (const other of this.#members) this.#tell(other, { kind: 'freed', key })
  }

  #tellAll(but: number, notice: SlotNotice): void {
    for (const member of this.#members) if (member !== but) this.#tell(member, notice)
  }

  #placesOf(key: string): Places {
    const known = this.#places.get(key)
    if (known) return known
    const places = { total: 0, held: new Map(), wishes: new Map() }
    this.#places.set(key, places)
    return places
  }
}

const nothing: DeskAnswer = { got: 0, holders: 0, held: [], wishes: [] }
