import type { EndpointName } from '../../modules/endpoints.ts'
import type { FieldKind } from './json-document.ts'

/** One HTTP path of the OpenAI API, as data: what a request must hold and what an answer looks like. */
export interface Endpoint {
  readonly name: EndpointName
  readonly body: 'json' | 'form'
  /** Fields that must be there, and of which shape. */
  readonly required: Readonly<Record<string, FieldShape>>
  /** `json`; `bytes` as they come; `either`, told by the content type. */
  readonly answer: 'json' | 'bytes' | 'either'
  /** A list every JSON answer of this endpoint has; its absence is nonsense. */
  readonly answerList?: 'choices' | 'data' | 'results'
  /** Whether `stream_options.include_usage` makes the upstream count a stream. */
  readonly hasStreamUsage: boolean
  /**
   * Types of the events one of which ends a stream, where `[DONE]` does not. Where events of their kind have come,
   * an end without is a cut.
   */
  readonly lastEvents?: readonly string[]
  /** What ids of our own making begin with. */
  readonly idPrefix: string
  readonly errors: 'openai' | 'anthropic'
  /** What rows and metrics call it, where it is none of OpenAI's: `name` is then what it is like. */
  readonly shown?: { readonly name: string; readonly route: string }
}

export type FieldShape = 'list' | 'text' | 'text or list' | 'file'

/** Whether a value of this kind has the shape; files are checked where the form is read. */
export function hasShape(kind: FieldKind, shape: FieldShape): boolean {
  return kind === shape || (shape === 'text or list' && kind !== 'other')
}
