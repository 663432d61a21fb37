/** What every scripted model says to a plain question. */
export const greeting = 'Grüße 😀 aus Paris.'

/** A picture of one pixel. */
export const onePixel =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

/** Arguments of the one tool that is offered, and the answer by a schema. */
export const citySchema = {
  type: 'object' as const,
  properties: { city: { type: 'string' as const } },
  required: ['city'],
}

/** The same, as strict answers want it. */
export function schemaOf(): Record<string, unknown> {
  return { ...citySchema, additionalProperties: false }
}
