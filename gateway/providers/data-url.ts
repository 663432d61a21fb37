import { invalid } from './dialect-limits.ts'

/** The base64 text of a picture given as `data:image/…;base64,…` or as bare base64. */
export function base64Of(picture: string, param: string): string {
  if (/^https?:/i.test(picture)) {
    throw invalid(
      param,
      'is an address, and this model takes pictures only inside the request: send it as data:image/png;base64,…',
    )
  }
  const text = picture.startsWith('data:') ? afterHeader(picture, param) : picture
  if (!isBase64(text)) throw invalid(param, 'is neither a data: URL nor base64.')
  return text
}

function afterHeader(url: string, param: string): string {
  const comma = url.indexOf(',')
  const header = url.slice(0, Math.max(comma, 0))
  if (!/^data:image\/[\w.+-]+(;[\w.+=-]+)*;base64$/i.test(header)) {
    throw invalid(param, 'must start like data:image/png;base64,')
  }
  return url.slice(comma + 1)
}

function isBase64(text: string): boolean {
  // Looks for what does not belong: matching megabytes as one run would fill the stack.
  return text.length > 0 && !/[^A-Za-z0-9+/=\r\n]/.test(text)
}
