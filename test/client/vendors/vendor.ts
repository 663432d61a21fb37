import type { EmbeddingAnswer } from './embedding.ts'

/** What a request says since the model last spoke, whatever the dialect it came in. */
export interface Asked {
  readonly isStream: boolean
  readonly words: string
  readonly toolNames: readonly string[]
  /** What tools have answered. */
  readonly results: readonly string[]
  /** Media types of pictures. */
  readonly pictures: readonly string[]
  /** Whether an answer by a JSON schema is asked for. */
  readonly hasSchema: boolean
  /** Whether that is one for a call of one of several functions. */
  readonly isCallWritten?: boolean
}

/** What the model says to it. */
export interface Said {
  readonly texts: readonly string[]
  readonly calls: readonly { readonly name: string; readonly args: Record<string, unknown> }[]
  /** Its stream breaks off with an error, in the vendor's words. */
  readonly isFailing: boolean
}

/** One vendor's dialect, as its documentation shows it. Every exchange costs 12 tokens in and 5 out. */
export interface Vendor {
  /** The model name callers ask for. */
  readonly name: string
  paramsAt(url: string): Readonly<Record<string, unknown>>
  read(body: unknown, path: string): Asked
  answer(said: Said): unknown
  /** A streamed answer, whole frames. */
  frames(said: Said): readonly string[]
  readonly streamType: string
  error(status: number, message: string): unknown
  /** Where it embeds texts. */
  readonly embedding?: EmbeddingAnswer
}

export const failure = 'The model fell over.'

/** Server-sent events, with no name. */
export function dataFrame(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`
}

/** All that comes after the model's last turn. */
export function sinceAnswer<Turn extends { readonly role: string }>(
  turns: readonly Turn[],
  own: string,
): readonly Turn[] {
  return turns.slice(turns.findLastIndex(({ role }) => role === own) + 1)
}

/** `image/png` of `data:image/png;base64,…`. */
export function mediaTypeOf(dataUrl: string): string {
  return /^data:([^;]+);base64,[A-Za-z0-9+/=]+$/.exec(dataUrl)?.[1] ?? 'no data URL'
}
