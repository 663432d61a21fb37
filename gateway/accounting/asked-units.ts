import type { EndpointName } from '../../modules/endpoints.ts'
import { fieldOf } from '../../modules/json-object.ts'
import type { Picture } from './price-of.ts'

/** What of a request its price goes by, beside what its answer tells. */
export interface AskedUnits {
  readonly tier?: string | undefined
  readonly searchSize?: string | undefined
  /** Of text to be spoken. */
  readonly characters?: number | undefined
  readonly searchUnits?: number | undefined
  readonly picture?: Picture | undefined
}

type Fields = Readonly<Record<string, unknown>>

/** A request, whose fields cost less one by one. */
interface AskedFields {
  readonly fields: Fields
  field(name: string): unknown
}

/** The units of a request; undefined for plain ones, which are most. */
export function askedUnits(endpoint: EndpointName, request: AskedFields): AskedUnits | undefined {
  if (endpoint.startsWith('images-')) return { picture: pictureOf(request.fields) }
  if (endpoint === 'audio-speech') return { characters: lengthOf(request.field('input')) }
  // One search is what a reranker takes that does not tell.
  if (endpoint === 'rerank') return { searchUnits: 1 }
  const tier = request.field('service_tier')
  const options = request.field('web_search_options')
  if (typeof tier !== 'string' && options === undefined) return undefined
  const size = fieldOf(options, 'search_context_size')
  return {
    tier: typeof tier === 'string' ? tier : undefined,
    searchSize: typeof size === 'string' ? size : undefined,
  }
}

/** Pixels of a picture; its size has been checked. */
export function pixelsOf({ size }: Picture): number {
  const [width = 0, height = 0] = size.split('x').map(Number)
  return width * height
}

/** What of a picture its price goes by; what a caller invents is no name to look up. */
export function pictureOf({ size, quality, steps, width, height }: Fields): Picture {
  const sides =
    typeof width === 'number' && typeof height === 'number' ? `${width}x${height}` : size
  return {
    size: typeof sides === 'string' && /^\d{2,5}x\d{2,5}$/.test(sides) ? sides : '1024x1024',
    quality: typeof quality === 'string' && qualities.has(quality) ? quality : 'standard',
    steps: typeof steps === 'number' && Number.isInteger(steps) ? steps : undefined,
  }
}

const qualities = new Set(['standard', 'hd', 'low', 'medium', 'high'])

/** Characters as vendors count them: a pair of surrogates is one. */
function lengthOf(text: unknown): number | undefined {
  if (typeof text !== 'string') return undefined
  let length = 0
  for (const _ of text) length += 1
  return length
}
