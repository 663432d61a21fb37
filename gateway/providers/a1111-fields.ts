import { invalid, refuseUnsayable, type Unsayable } from './dialect-limits.ts'
import type { Target } from './provider.ts'
import { isObject } from '../../modules/json-object.ts'
import { isGiven, numberFrom, textOf, type JsonObject } from './read-json.ts'

const smallest = 64
const largest = 4096
const mostImages = 10

/** More steps draw more carefully; other qualities are left to the server. */
const stepsByQuality: Readonly<Record<string, number>> = { low: 15, hd: 75, high: 75 }

const unsayable: readonly Unsayable[] = [
  { field: 'stream', isAsked: isYes, reason: 'Stable Diffusion WebUI does not stream.' },
  {
    field: 'partial_images',
    isAsked: (value) => numberFrom(value) !== 0,
    reason: 'Stable Diffusion WebUI does not stream.',
  },
  {
    field: 'background',
    isAsked: (value) => value === 'transparent',
    reason: 'Stable Diffusion WebUI has no transparency.',
  },
  {
    field: 'output_format',
    isAsked: (value) => value !== 'png',
    reason: 'the picture comes as png.',
  },
]

/** Said otherwise by the translation, or hints that Stable Diffusion cannot follow. */
const spoken = new Set([
  'model',
  'prompt',
  'n',
  'size',
  'quality',
  'style',
  'response_format',
  'user',
  'moderation',
  'metadata',
  'stream',
  'partial_images',
  'background',
  'output_format',
  'output_compression',
  'input_fidelity',
  'image',
  'image[]',
  'mask',
  'override_settings',
])

/** Everything but prompt, picture and checkpoint: size, number, steps, and any field of WebUI's own. */
export function pictureSettings(fields: JsonObject, target: Target): JsonObject {
  refuseUnsayable(fields, unsayable, target)
  return {
    ...sizeOf(fields.size),
    ...stepsOf(fields.quality),
    ...webuiFields(fields),
    ...repeatsOf(fields),
  }
}

/** The prompt; a variation may go without. */
export function promptOf(fields: JsonObject, isNeeded: boolean): string {
  if (!isGiven(fields.prompt) && !isNeeded) return ''
  const prompt = textOf(fields.prompt)
  if (prompt === undefined || (isNeeded && prompt.trim() === '')) {
    throw invalid('prompt', 'must be a text that says what to draw.')
  }
  return prompt
}

/** The checkpoint a deployment names; `default` leaves the one that is loaded. */
export function checkpointOf(fields: JsonObject, model: string): JsonObject {
  const own = parsed(fields.override_settings)
  if (isGiven(own) && !isObject(own)) throw invalid('override_settings', 'must be an object.')
  if (model === '' || model === 'default') return isObject(own) ? { override_settings: own } : {}
  const settings = { sd_model_checkpoint: model }
  if (isObject(own)) return { override_settings: { ...own, ...settings } }
  // Loading the old checkpoint again after each picture would cost more than the picture.
  return { override_settings: settings, override_settings_restore_afterwards: false }
}

/** Width and height as asked; nothing where the server is to choose. */
export function sizeOf(size: unknown): { width?: number; height?: number } {
  if (!isGiven(size) || size === 'auto') return {}
  const [, width, height] = /^(\d{1,5})x(\d{1,5})$/.exec(textOf(size) ?? '')?.map(Number) ?? []
  if (width === undefined || height === undefined)
    throw invalid('size', 'must look like 512x512, or be auto.')
  if ([width, height].some((side) => side % 8 !== 0 || side < smallest || side > largest)) {
    const near = `${nearestSide(width)}x${nearestSide(height)}`
    throw invalid(
      'size',
      `must have sides from ${smallest} to ${largest} that are multiples of 8; the nearest is ${near}.`,
    )
  }
  return { width, height }
}

/** The nearest side that WebUI can draw. */
export function nearestSide(side: number): number {
  return Math.min(Math.max(Math.round(side / 8) * 8, smallest), largest)
}

function stepsOf(quality: unknown): JsonObject {
  const word = textOf(quality) ?? ''
  return Object.hasOwn(stepsByQuality, word) ? { steps: stepsByQuality[word] } : {}
}

function repeatsOf(fields: JsonObject): JsonObject {
  if (!isGiven(fields.n)) return {}
  const count = numberFrom(fields.n)
  if (!Number.isInteger(count) || count < 1 || count > mostImages) {
    throw invalid('n', `must be a whole number from 1 to ${mostImages}.`)
  }
  const batch = numberFrom(fields.batch_size ?? 1)
  return { n_iter: Math.ceil(count / (batch >= 1 ? batch : 1)) }
}

const texts = new Set([
  'negative_prompt',
  'sampler_name',
  'sampler_index',
  'scheduler',
  'script_name',
  'refiner_checkpoint',
])

function webuiFields(fields: JsonObject): JsonObject {
  const own = Object.entries(fields).filter(([name]) => !spoken.has(name))
  return Object.fromEntries(
    own.map(([name, value]) => [name, texts.has(name) ? value : parsed(value)]),
  )
}

/** A form has only texts: numbers, switches and objects among them are read as what they are. */
function parsed(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*([-\d[{]|true\s*$|false\s*$)/.test(value)) return value
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

function isYes(value: unknown): boolean {
  return value !== false && value !== 'false'
}
