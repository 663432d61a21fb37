/** What a request's method and path were found to be. */
export interface FoundPath {
  readonly name: string
  readonly params: Readonly<Record<string, string>>
}

interface Pattern {
  readonly method: string
  readonly shape: RegExp
  readonly name: string
}

/**
 * Finds which of many `METHOD /path/:param` a request is for. A table, and not routes of the server: a hundred of
 * those would take a tenth of a second at each start.
 */
export class PathTable {
  readonly #plain = new Map<string, string>()
  readonly #patterns: Pattern[] = []

  /** `asked` is what requests ask for, `name` what is found then. */
  add(asked: string, name: string): void {
    const [method = '', path = ''] = asked.split(' ')
    if (!path.includes(':')) return void this.#plain.set(asked, name)
    const shape = path.replaceAll(/:(\w+)/g, '(?<$1>[^/]{1,512})')
    this.#patterns.push({ method, shape: new RegExp(`^${shape}$`), name })
  }

  find(method: string, path: string): FoundPath | undefined {
    const plain = this.#plain.get(`${method} ${path}`)
    if (plain !== undefined) return { name: plain, params: {} }
    for (const pattern of this.#patterns) {
      if (pattern.method !== method) continue
      const params = decoded(pattern.shape.exec(path)?.groups)
      if (params) return { name: pattern.name, params }
    }
    return undefined
  }
}

function decoded(groups: Record<string, string> | undefined): Record<string, string> | undefined {
  if (!groups) return undefined
  try {
    return Object.fromEntries(
      Object.entries(groups).map(([key, value]) => [key, decodeURIComponent(value)]),
    )
  } catch {
    return undefined
  }
}
