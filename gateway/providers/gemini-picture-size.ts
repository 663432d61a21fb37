import { invalid } from './dialect-limits.ts'
import { isImagen } from './gemini-models.ts'
import { isGiven, textOf, type JsonObject } from './read-json.ts'

const imagenRatios = ['1:1', '3:4', '4:3', '9:16', '16:9']
const geminiRatios = [...imagenRatios, '2:3', '3:2', '4:5', '5:4', '21:9']

/** The ratio nearest to OpenAI's `size`: Google draws by ratio, not by pixels. Undefined: as the model likes. */
export function ratioOf(fields: JsonObject, model: string): string | undefined {
  const own = textOf(fields.aspectRatio) ?? textOf(fields.aspect_ratio)
  if (own !== undefined) return own
  if (!isGiven(fields.size) || fields.size === 'auto') return undefined
  const [, width = '', height = ''] = /^(\d{2,5})x(\d{2,5})$/.exec(textOf(fields.size) ?? '') ?? []
  const asked = Number(width) / Number(height)
  if (!Number.isFinite(asked) || asked === 0)
    throw invalid('size', 'must be auto, or width and height such as 1024x1024.')
  const away = (ratio: string): number => Math.abs(Math.log(asked / valueOf(ratio)))
  return (isImagen(model) ? imagenRatios : geminiRatios).reduce((best, ratio) =>
    away(ratio) < away(best) ? ratio : best,
  )
}

function valueOf(ratio: string): number {
  const [width, height] = ratio.split(':').map(Number)
  return (width ?? 1) / (height ?? 1)
}
