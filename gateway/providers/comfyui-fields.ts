import { nearestNames } from '../../modules/nearest-name.ts'
import { nearestSide, promptOf, sizeOf } from './a1111-fields.ts'
import { invalid, refuseUnsayable, unsupported, type Unsayable } from './dialect-limits.ts'
import type { PictureHeader } from './picture-header.ts'
import type { Target } from './provider.ts'
import { isGiven, numberFrom, textOf, type JsonObject } from './read-json.ts'

/** What of a drawing the caller, or the deployment's defaults, can say. */
export interface Settings {
  readonly prompt: string
  readonly negative_prompt: string
  readonly quality: string
  readonly style: string
  readonly sampler_name: string
  readonly scheduler: string
  readonly width: number
  readonly height: number
  readonly steps: number
  readonly cfg: number
  readonly denoise: number
  /** Undefined: a random one. */
  readonly seed: number | undefined
  /** Pictures asked for; undefined: nobody said. */
  readonly n: number | undefined
}

export interface SettingsAsk {
  readonly fields: JsonObject
  readonly target: Target
  /** Places that the workflow has. */
  readonly places: ReadonlySet<string>
  readonly isPromptNeeded: boolean
  /** How far the result may leave its picture, 0 to 1, where nobody says. */
  readonly denoise: number
  /** Of the picture it starts from. */
  readonly picture: PictureHeader | undefined
}

/** Fields that only a workflow with a place for them can follow. */
const placesFor: Readonly<Record<string, readonly string[]>> = {
  size: ['width', 'height'],
  negative_prompt: ['negative_prompt'],
  steps: ['steps'],
  cfg: ['cfg'],
  denoise: ['denoise'],
  sampler_name: ['sampler_name'],
  scheduler: ['scheduler'],
  seed: ['seed'],
  mask: ['mask'],
}

/** Said otherwise, or hints that nothing is lost without. */
const others =
  'model prompt n quality style image response_format user moderation metadata stream partial_images background output_format output_compression input_fidelity'.split(
    ' ',
  )

const unsayable: readonly Unsayable[] = [
  {
    field: 'stream',
    isAsked: (value) => value !== false && value !== 'false',
    reason: 'ComfyUI does not stream pictures.',
  },
  {
    field: 'partial_images',
    isAsked: (value) => numberFrom(value) !== 0,
    reason: 'ComfyUI does not stream pictures.',
  },
  {
    field: 'background',
    isAsked: (value) => value === 'transparent',
    reason: 'the workflow decides about transparency.',
  },
  {
    field: 'output_format',
    isAsked: (value) => value !== 'png',
    reason: 'the picture comes as the workflow saves it.',
  },
]

const mostImages = 10

/** Reads what is to be drawn. Throws for what is wrong in it, or has no place in the workflow. */
export function readSettings(ask: SettingsAsk): Settings {
  const { fields, target, isPromptNeeded } = ask
  refuseUnsayable(fields, unsayable, target)
  if (target.params.dropParams !== true) refusePlaceless(ask)
  return {
    prompt: promptOf(fields, isPromptNeeded),
    negative_prompt: wordsOf(fields, 'negative_prompt', ''),
    quality: wordsOf(fields, 'quality', 'auto'),
    style: wordsOf(fields, 'style', ''),
    sampler_name: nameOf(fields, 'sampler_name', 'euler'),
    scheduler: nameOf(fields, 'scheduler', 'normal'),
    ...sidesOf(ask),
    steps: numberOf(fields, 'steps', [1, 200]) ?? stepsBy(fields['quality']),
    cfg: numberOf(fields, 'cfg', [0, 100], false) ?? 7,
    denoise: numberOf(fields, 'denoise', [0, 1], false) ?? ask.denoise,
    seed: seedOf(fields),
    n: numberOf(fields, 'n', [1, mostImages]),
  }
}

function refusePlaceless({ fields, places }: SettingsAsk): void {
  for (const name of Object.keys(fields)) {
    const wanted = Object.hasOwn(placesFor, name) ? placesFor[name] : undefined
    if (wanted) {
      const isAuto = name === 'size' && fields[name] === 'auto'
      const isEmpty = fields[name] === ''
      if (isAuto || isEmpty || wanted.some((place) => places.has(place))) continue
      throw unsupported(name, `its workflow has no {{${wanted[0]}}}.`)
    }
    if (!others.includes(name.replace(/\[\d*\]$/, ''))) throw unknownField(name)
  }
}

function unknownField(name: string) {
  const [near] = nearestNames(name, [...Object.keys(placesFor), ...others], 1)
  const hint = near === undefined ? '' : ` Did you mean ${near}?`
  return unsupported(name.slice(0, 64), `nothing of its workflow goes by that.${hint}`)
}

/** As asked, else as the picture is, else what the model was trained on. */
function sidesOf({ fields, target, picture }: SettingsAsk): { width: number; height: number } {
  const { width, height } = sizeOf(fields['size'])
  if (width !== undefined && height !== undefined) return { width, height }
  if (picture) return sidesLike(picture)
  const side = isSmallModel(target.model) ? 512 : 1024
  return { width: side, height: side }
}

// Beyond this many pixels models draw everything twice, and cards run out of memory.
const mostPixels = 1_600_000

function sidesLike({ width, height }: PictureHeader): { width: number; height: number } {
  const scale = Math.min(1, Math.sqrt(mostPixels / (width * height)))
  return { width: nearestSide(width * scale), height: nearestSide(height * scale) }
}

/** Stable Diffusion 1.x draws 512 pixels a side, what came after it 1024. */
function isSmallModel(model: string): boolean {
  return /(^|[^\d.])(v?1[-_.][45]|sd[-_]?1[._]?[45]?|sd[-_]?v1)(?!\d)/i.test(model)
}

const stepsByQuality: Readonly<Record<string, number>> = { low: 12, hd: 40, high: 40 }

function stepsBy(quality: unknown): number {
  const word = textOf(quality) ?? ''
  return (Object.hasOwn(stepsByQuality, word) ? stepsByQuality[word] : undefined) ?? 20
}

// ComfyUI takes 64 bits; JSON's numbers hold 53.
function seedOf(fields: JsonObject): number | undefined {
  const { seed } = fields
  return numberFrom(seed) === -1
    ? undefined
    : numberOf(fields, 'seed', [0, 2 ** 53 - 1 - mostImages])
}

function numberOf(
  fields: JsonObject,
  name: string,
  [least, most]: readonly [number, number],
  isWhole = true,
): number | undefined {
  if (!isGiven(fields[name]) || fields[name] === '') return undefined
  const value = numberFrom(fields[name])
  if (value >= least && value <= most && (!isWhole || Number.isInteger(value))) return value
  throw invalid(name, `must be a ${isWhole ? 'whole ' : ''}number from ${least} to ${most}.`)
}

const longestWords = 20_000

function wordsOf(fields: JsonObject, name: string, otherwise: string): string {
  if (!isGiven(fields[name])) return otherwise
  const words = textOf(fields[name])
  if (words === undefined || words.length > longestWords) throw invalid(name, 'must be a text.')
  return words
}

function nameOf(fields: JsonObject, name: string, otherwise: string): string {
  const words = wordsOf(fields, name, otherwise)
  if (/^[\w+. -]{1,64}$/.test(words)) return words
  throw invalid(name, `must be a name such as ${otherwise}.`)
}
