import type { IncomingMessage } from 'node:http'

/** Takes the path off under which a proxy offers this gateway (`/llm/v1/models`); other paths stay as they are. */
export function withoutRoot(rootPath: string): (request: Pick<IncomingMessage, 'url'>) => string {
  return ({ url = '/' }) => {
    if (!url.startsWith(rootPath)) return url
    const rest = url.slice(rootPath.length)
    if (rest.startsWith('/')) return rest
    return rest === '' || rest.startsWith('?') ? `/${rest}` : url
  }
}
