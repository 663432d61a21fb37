import type { FastifyInstance } from 'fastify'

import { GatewayError } from '../errors/gateway-error.ts'
import type { Gateway } from './gateway.ts'

const idShape = /^[\w-]{43}$/

/** `GET /v1/images/files/{id}`: a picture of the last hour. Its 32 random bytes are the key to it. */
export function addImageFiles(app: FastifyInstance, gateway: Gateway): void {
  app.get<{ Params: { id: string } }>('/v1/images/files/:id', async (request, reply) => {
    const { id } = request.params
    const image = idShape.test(id) ? await gateway.storage.findImage(id) : undefined
    if (!image)
      throw new GatewayError(
        'not_found',
        'There is no such picture; an address is good for one hour.',
      )
    return reply
      .header('content-type', image.contentType)
      .header('cache-control', 'private, max-age=3600')
      .header('x-content-type-options', 'nosniff')
      .header('content-security-policy', "default-src 'none'")
      .send(Buffer.from(image.bytes))
  })
}
