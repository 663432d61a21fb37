/** Simulated time: what is due next is done next. */
export class Clock {
  now = 0
  readonly #due: { readonly atMs: number; readonly number: number; readonly act: () => void }[] = []
  #count = 0

  after(delayMs: number, act: () => void): void {
    const due = this.#due
    const entry = { atMs: this.now + Math.max(0, delayMs), number: (this.#count += 1), act }
    let at = due.push(entry) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = due[parent]
      if (above === undefined || !isBefore(entry, above)) break
      due[at] = above
      at = parent
    }
    due[at] = entry
  }

  /** Until nothing is due any more. */
  run(): void {
    for (let next = this.#take(); next; next = this.#take()) {
      this.now = next.atMs
      next.act()
    }
  }

  #take() {
    const due = this.#due
    const [first] = due
    const last = due.pop()
    if (first === undefined || last === undefined || due.length === 0) return first
    let at = 0
    for (;;) {
      const left = due[2 * at + 1]
      const right = due[2 * at + 2]
      const isRight = left !== undefined && right !== undefined && isBefore(right, left)
      const child = isRight ? right : left
      if (child === undefined || !isBefore(child, last)) break
      due[at] = child
      at = 2 * at + (isRight ? 2 : 1)
    }
    due[at] = last
    return first
  }
}

interface Due {
  readonly atMs: number
  readonly number: number
}

function isBefore(a: Due, b: Due): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.number < b.number)
}
