import type { UpstreamError } from './read-upstream-error.ts'

// Google says so with a 400, as if the request were at fault.
const words =
  /^api[ _]key (?:not valid|expired|not found|is (?:invalid|expired))|^please pass a valid api key|^user location is not supported|free tier is not available in your country/i

/** Whether a 400 is about our key, and not about the request. */
export function isKeyRefused(status: number, { message }: UpstreamError): boolean {
  return status === 400 && words.test(message)
}
