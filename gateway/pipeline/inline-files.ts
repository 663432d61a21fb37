import { GatewayError } from '../errors/gateway-error.ts'
import type { LinkedFile, LinkedKind } from '../providers/provider.ts'
import { allowanceOf } from '../upstream/fetch-addresses.ts'
import { FetchFailure } from '../upstream/fetch-failure.ts'
import type { FetchAsk, FetchedFile, FileFetch } from '../upstream/fetch-file.ts'
import type { Surroundings } from './attempt.ts'
import { findText, swapLinks } from './inline-links.ts'
import { hold, release, requireCaller } from './under-way.ts'

type Fields = Readonly<Record<string, unknown>>

/** The files of one request by their addresses, each fetched once however often it is named or tried. */
export class LinkedFiles {
  /** In base64. */
  bytes = 0
  readonly #fetched = new Map<string, Promise<FetchedFile>>()

  get count(): number {
    return this.#fetched.size
  }

  of(url: string, fetch: () => Promise<FetchedFile>): Promise<FetchedFile> {
    const known = this.#fetched.get(url)
    if (known) return known
    const file = fetch()
    this.#fetched.set(url, file)
    file.catch(() => this.#fetched.delete(url))
    return file
  }
}

const mostFiles = 32
const mostAtOnce = 4

/**
 * The request with the files within that a dialect does not read by their addresses. Ends when the caller leaves. Throws
 * `invalid_request` that names the field, in the words of the caller, for what cannot be fetched.
 */
export async function inlineFiles(
  fields: Fields,
  said: Fields,
  isWanted: (file: LinkedFile) => boolean,
  around: Surroundings,
): Promise<Fields> {
  const links = new Map<string, Link>()
  swapLinks(fields, (file, path) => {
    if (isWanted(file)) links.set(file.url, { ...file, path: findText(said, file.url) ?? path })
    return undefined
  })
  if (links.size === 0 || !around.exchange.serving.module.general.urlFetch.isEnabled) return fields
  const inlined = await fetchAll([...links.values()], around)
  return swapLinks(fields, ({ url }, path) => {
    const data = inlined.get(url)
    // What OpenAI calls input_audio holds the sound alone, its format beside it.
    return path.endsWith('.input_audio.data') ? data?.slice(data.indexOf(',') + 1) : data
  })
}

interface Link extends LinkedFile {
  /** Where it stands in the caller's request. */
  readonly path: string
}

async function fetchAll(
  links: readonly Link[],
  around: Surroundings,
): Promise<ReadonlyMap<string, string>> {
  const fetchFile = await around.rooms.loadFetch()
  requireCaller(around)
  const running = new Set<FileFetch>()
  const place = hold({ fail: (error) => running.forEach((one) => one.fail(error)) }, around)
  const inlined = new Map<string, string>()
  const waiting = [...links]
  const work = async (): Promise<void> => {
    for (let link = waiting.shift(); link; link = waiting.shift())
      inlined.set(link.url, await fetchLink(link, { running, fetchFile, around }))
  }
  try {
    await Promise.all(Array.from({ length: Math.min(mostAtOnce, links.length) }, work))
    requireCaller(around)
    return inlined
  } catch (thrown) {
    waiting.length = 0
    running.forEach((one) => one.fail(new FetchFailure('is needed no more.')))
    requireCaller(around)
    throw thrown
  } finally {
    release(place, around)
  }
}

interface Fetching {
  readonly running: Set<FileFetch>
  readonly fetchFile: (ask: FetchAsk) => FileFetch
  readonly around: Surroundings
}

async function fetchLink(link: Link, { running, fetchFile, around }: Fetching): Promise<string> {
  const { general } = around.exchange.serving.module
  const { allowPrivate, maxBytes, timeoutMs } = general.urlFetch
  const files = (around.files ??= new LinkedFiles())
  try {
    const { bytes, type } = await files.of(link.url, async () => {
      if (files.count >= mostFiles)
        throw new FetchFailure(`is one of more than ${mostFiles} addresses.`)
      const left = Math.floor(((general.maxRequestBytes - files.bytes) * 3) / 4)
      const fetch = fetchFile({
        url: link.url,
        allowance: allowanceOf(allowPrivate),
        maxBytes: Math.max(1, Math.min(maxBytes, left)),
        timeoutMs,
      })
      running.add(fetch)
      try {
        const file = await fetch.done
        files.bytes += Math.ceil(file.bytes.length / 3) * 4
        return file
      } finally {
        running.delete(fetch)
      }
    })
    if (files.bytes > general.maxRequestBytes) throw tooLarge(general.maxRequestBytes)
    if (!isOfKind(type, link.kind)) throw new FetchFailure(wrongType(type, link.kind))
    return `data:${type};base64,${bytes.toString('base64')}`
  } catch (thrown) {
    throw thrown instanceof FetchFailure ? refused(link, thrown.message, thrown) : thrown
  }
}

const wanted: Readonly<Record<LinkedKind, readonly [types: RegExp, words: string]>> = {
  picture: [/^image\//, 'a picture (PNG, JPEG, GIF, WebP …)'],
  sound: [/^audio\//, 'sound (WAV, MP3, FLAC, Ogg …)'],
  film: [/^video\//, 'a film (MP4, WebM)'],
  document: [/^(application|text|image|audio|video)\//, 'a PDF, a text or a picture'],
}

function isOfKind(type: string | undefined, kind: LinkedKind): boolean {
  return type !== undefined && wanted[kind][0].test(type)
}

function wrongType(type: string | undefined, kind: LinkedKind): string {
  const found = type === undefined ? 'something else' : type
  return `leads to ${found}, where ${wanted[kind][1]} is expected.`
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError(
    'request_too_large',
    `The request with the files it names is larger than ${maxBytes / 1024 / 1024} MiB; general_settings.max_request_size_mb raises the limit.`,
  )
}

// The address stays out of it: its query may hold a signature.
function refused({ path }: Link, reason: string, cause?: Error): GatewayError {
  return new GatewayError(
    'invalid_request',
    `'${path}' ${reason} Correct the address, or send the file inside the request, as data:<type>;base64,…`,
    { param: path, cause: causeOf(cause) },
  )
}

function causeOf(failure: Error | undefined): string | undefined {
  const { cause } = failure ?? {}
  return cause instanceof Error && 'code' in cause ? `fetch: ${String(cause.code)}` : undefined
}
