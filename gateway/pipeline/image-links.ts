import type { Asked, Surroundings } from './attempt.ts'

/**
 * Pictures as addresses on this gateway where the caller wants `url`, OpenAI's default for `dall-e` models.
 * Source: OpenAI's reference, images: "response_format … defaults to url; b64_json for gpt-image models".
 */
export async function linkImages(
  answer: Record<string, unknown>,
  asked: Asked,
  { exchange, rooms }: Surroundings,
): Promise<Record<string, unknown>> {
  const { data } = answer
  if (!exchange.endpoint.name.startsWith('images-') || !Array.isArray(data)) return answer
  const base = rooms.publicUrl ?? `http://${asked.host ?? 'localhost'}`
  const linked = await Promise.all(
    data.map(async (picture: unknown) => {
      const bytes = pictureOf(picture)
      if (!bytes) return picture
      const id = await rooms.saveImage({ bytes, contentType: typeOf(bytes) })
      const { b64_json: _, ...rest } = { ...Object(picture) }
      return { url: `${base}/v1/images/files/${id}`, ...rest }
    }),
  )
  return { ...answer, data: linked }
}

function pictureOf(picture: unknown): Buffer | undefined {
  if (picture === null || typeof picture !== 'object' || !('b64_json' in picture)) return undefined
  return typeof picture.b64_json === 'string' ? Buffer.from(picture.b64_json, 'base64') : undefined
}

// A browser must never take a picture of an upstream's making for a page: only these types are handed out.
function typeOf(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return 'image/jpeg'
  if (bytes.toString('latin1', 8, 12) === 'WEBP') return 'image/webp'
  return 'image/png'
}
