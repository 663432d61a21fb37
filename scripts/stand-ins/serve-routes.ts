import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { isObject } from '../../modules/json-object.ts'
import type { JsonObject } from '../../gateway/providers/read-json.ts'

/** A request to a stand-in, its body whole. */
export interface Asked {
  readonly contentType: string
  readonly bytes: Buffer
  /** The JSON body; empty where it is none. */
  readonly fields: JsonObject
}

export type Route = (asked: Asked, response: ServerResponse) => void | Promise<void>

/** Routes by method and path: `POST /v1/embeddings`. */
export type Routes = Readonly<Record<string, Route | undefined>>

/** Serves a table of routes; anything else is a 404 that says what there is. */
export function serveRoutes(routes: Routes): RequestListener {
  return (request, response) => {
    void serve(routes, request, response).catch(() => response.destroy())
  }
}

async function serve(
  routes: Routes,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const pieces: Uint8Array[] = []
  for await (const piece of request) if (piece instanceof Uint8Array) pieces.push(piece)
  const bytes = Buffer.concat(pieces)
  const path = (request.url ?? '/').split('?')[0] ?? '/'
  const name = `${request.method} ${path}`
  const route = Object.hasOwn(routes, name) ? routes[name] : undefined
  if (route === undefined) {
    sendJson(
      response,
      { error: `demo: no ${name} here; there is ${Object.keys(routes).join(', ')}` },
      404,
    )
    return
  }
  await route(
    { contentType: request.headers['content-type'] ?? '', bytes, fields: fieldsIn(bytes) },
    response,
  )
}

function fieldsIn(bytes: Buffer): JsonObject {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}

/** A JSON answer. */
export function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  sendBytes(response, Buffer.from(JSON.stringify(value)), 'application/json', status)
}

/** Bytes of any kind; a header says demo on each. */
export function sendBytes(
  response: ServerResponse,
  bytes: Buffer,
  contentType: string,
  status = 200,
): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': bytes.length,
    'x-demo': 'true',
  })
  response.end(bytes)
}

/** Lines of a stream, a moment apart, until the caller leaves. */
export async function sendStream(
  response: ServerResponse,
  lines: readonly string[],
  contentType: string,
): Promise<void> {
  response.writeHead(200, { 'content-type': contentType, 'x-demo': 'true' })
  for (const line of lines) {
    if (response.destroyed) return
    response.write(line)
    await new Promise((resolve) => void setTimeout(resolve, 15))
  }
  response.end()
}
