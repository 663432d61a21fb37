import { createHash } from 'node:crypto'

import { GatewayError } from '../errors/gateway-error.ts'
import { fieldOf, isObject } from '../../modules/json-object.ts'
import type { Failing } from './comfyui-errors.ts'
import { readSettings, type Settings } from './comfyui-fields.ts'
import { maskOf, picturesOf, upload, type Picture } from './comfyui-pictures.ts'
import { fillWorkflow, placeholdersIn, type Values } from './comfyui-placeholders.ts'
import { enqueue, outputsOf, withdraw } from './comfyui-queue.ts'
import { plainWorkflow } from './comfyui-workflows.ts'
import type { Conversed, Steps } from './conversation.ts'
import { invalid, nonsense, unsupported } from './dialect-limits.ts'
import { readPictureHeader } from './picture-header.ts'
import type { ModelRequest, Target } from './provider.ts'
import { givenFields, isList, textOf, type JsonObject } from './read-json.ts'

interface Rules {
  readonly isPromptNeeded: boolean
  readonly isPictureNeeded: boolean
  /** How far the result may leave its picture, 0 to 1. */
  readonly denoise: number
}

/** All that is to be drawn for one request. */
interface Drawing {
  readonly workflow: JsonObject
  readonly settings: Settings
  readonly pictures: readonly Picture[]
  readonly mask: Picture | undefined
  /** Workflows to be queued: several where one draws a single picture. */
  readonly rounds: number
  readonly model: string
  readonly failing: Failing
  readonly nameOf: (part: string) => string
}

/** Pictures by a workflow: queued, waited for, and fetched. */
export function drawn(rules: Rules): Conversed {
  return {
    kind: 'conversation',
    begin(request, target, { attempt, secrets }) {
      const nameOf = (part: string): string => idOf(`${request.answerId}/${attempt}/${part}`)
      const drawing = plan(request, target, rules, { secrets, nameOf })
      const ids: string[] = []
      return { steps: draw(drawing, request, ids), withdraw: () => withdraw(ids) }
    },
  }
}

function plan(
  request: ModelRequest,
  target: Target,
  { isPromptNeeded, isPictureNeeded, denoise }: Rules,
  { secrets, nameOf }: Pick<Drawing, 'nameOf'> & Pick<Failing, 'secrets'>,
): Drawing {
  const fields = givenFields(request.fields)
  const pictures = isPictureNeeded ? picturesOf(request, fields) : []
  const mask = isPictureNeeded ? maskOf(request, fields) : undefined
  if (isPictureNeeded && pictures.length === 0)
    throw invalid('image', 'is missing: upload the picture as the form field image.')
  const workflow =
    target.params.workflow ??
    plainWorkflow({ hasPicture: isPictureNeeded, hasMask: mask !== undefined })
  const places = placeholdersIn(workflow)
  requirePlaces(places, pictures.length, target)
  const picture = pictures[0]?.header
  const said = mask ? { ...fields, mask: 'uploaded' } : fields
  const ask = { fields: said, target, places, isPromptNeeded, picture }
  const settings = readSettings({ ...ask, denoise: mask ? 1 : denoise })
  return {
    workflow,
    settings,
    pictures: pictures.slice(0, picturePlaces.filter((place) => places.has(place)).length),
    mask: places.has('mask') ? mask : undefined,
    rounds: places.has('n') ? 1 : (settings.n ?? 1),
    model: modelOf(target.model, places),
    failing: { model: request.model, workflow, fields, secrets },
    nameOf,
  }
}

const picturePlaces = ['image', 'image_2', 'image_3', 'image_4'] as const

function requirePlaces(places: ReadonlySet<string>, count: number, { params }: Target): void {
  const wanted = picturePlaces.filter((place) => places.has(place)).length
  if (count > wanted && params.dropParams !== true)
    throw unsupported(
      'image',
      wanted === 0
        ? 'its workflow has no {{image}}.'
        : `its workflow takes ${wanted === 1 ? 'one picture' : `${wanted} pictures`}.`,
    )
  if (count < Math.min(wanted, 1))
    throw invalid('image', 'is missing: this model draws from a picture, so ask images/edits.')
}

// A wildcard's model is what a caller wrote: it must not lead out of the folder of models.
function modelOf(model: string, places: ReadonlySet<string>): string {
  const isSound = !/(^|[\\/])\.\.?([\\/]|$)|^[\\/]|^[a-z]:|[\p{Cc}]/iu.test(model)
  if (isSound || !places.has('model')) return model
  throw invalid('model', 'must be the name of a model, not a path out of its folder.')
}

function* draw(
  drawing: Drawing,
  request: ModelRequest,
  ids: string[],
): Steps<Record<string, unknown>> {
  const { rounds, settings, failing, nameOf } = drawing
  const values = yield* valuesOf(drawing, request)
  for (let round = 0; round < rounds; round += 1) {
    const id = nameOf(`${round}`)
    // Known before it is asked for: what is not answered can be withdrawn all the same.
    ids.push(id)
    const filled = fillWorkflow(drawing.workflow, { ...values, seed: values.seed + round, id })
    ids[round] = yield* enqueue(filled, id, failing)
  }
  const found: SavedPicture[] = []
  for (const id of ids) {
    const saved = savedIn(yield* outputsOf(id, failing), failing)
    found.push(...(rounds > 1 ? saved.slice(0, 1) : saved))
  }
  const data: { b64_json: string }[] = []
  for (const picture of found.slice(0, settings.n ?? mostFetched))
    data.push({ b64_json: yield* fetchPicture(picture, failing) })
  return { created: request.createdSeconds, data }
}

/** All values, pictures put among the server's inputs on the way. */
function* valuesOf(
  { settings, pictures, mask, model, nameOf }: Drawing,
  request: ModelRequest,
): Steps<Values & { readonly seed: number }> {
  const names: string[] = []
  for (const [index, picture] of pictures.entries())
    names.push(yield* upload(picture, nameOf(`image-${index}`), request.model))
  const [image = '', ...more] = names
  const open = mask ?? pictures[0]
  return {
    ...settings,
    n: settings.n ?? 1,
    seed: settings.seed ?? seedOf(request.answerId),
    model,
    image,
    image_2: more[0] ?? image,
    image_3: more[1] ?? image,
    image_4: more[2] ?? image,
    // Without a mask OpenAI draws where the picture itself is transparent.
    mask: mask ? yield* upload(mask, nameOf('mask'), request.model) : image,
    mask_channel: open?.header.hasAlpha === false ? 'red' : 'alpha',
    id: '',
  }
}

interface SavedPicture {
  readonly filename: string
  readonly subfolder: string
}

const mostFetched = 32

/** Pictures that nodes have saved; previews are not kept by the server, and not meant for callers. */
function savedIn(outputs: JsonObject, { model }: Failing): SavedPicture[] {
  const images = Object.values(outputs).flatMap((output) => {
    const list = isObject(output) ? output['images'] : undefined
    return isList(list) ? list : []
  })
  const saved = images.flatMap((image) => {
    const filename = textOf(fieldOf(image, 'filename'))
    if (filename === undefined || fieldOf(image, 'type') !== 'output') return []
    return [{ filename, subfolder: textOf(fieldOf(image, 'subfolder')) ?? '' }]
  })
  if (saved.length > 0) return saved
  throw new GatewayError(
    'upstream_nonsense',
    images.length > 0
      ? `The workflow of model '${model}' only shows previews: let a SaveImage node save its picture.`
      : `The workflow of model '${model}' saved no picture: it needs a SaveImage node, and another seed or {{id}} in its filename_prefix where it was drawn before.`,
  )
}

function* fetchPicture(picture: SavedPicture, { model }: Failing): Steps<string> {
  const query = new URLSearchParams({ ...picture, type: 'output' })
  const { bytes } = yield {
    kind: 'call',
    expects: 'bytes',
    call: { method: 'GET', path: `/view?${query.toString()}` },
  }
  if (!bytes || !readPictureHeader(bytes)) throw nonsense('a picture was expected', model)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/** A name that no other request has, in the form of a UUID. */
function idOf(text: string): string {
  const digest = createHash('sha256').update(text).digest('hex')
  const [first, second, third, fourth] = [
    digest.slice(0, 8),
    digest.slice(8, 12),
    digest.slice(13, 16),
    digest.slice(17, 20),
  ]
  return `${first}-${second}-4${third}-8${fourth}-${digest.slice(20, 32)}`
}

function seedOf(text: string): number {
  return createHash('sha256').update(`seed of ${text}`).digest().readUIntBE(0, 6)
}
