import type { UpstreamError } from './read-upstream-error.ts'

// Google says so with a 400, as if the request were at fault.
const keyWords =
  /^api[ _]key (?:not valid|expired|not found|is (?:invalid|expired))|^please pass a valid api key|^user location is not supported|free tier is not available in your country/i

// Anthropic, with a 400 as well.
const creditWords = /^your credit balance is too low/i

/** Whether a 400 is about our key, and not about the request. */
export function isKeyRefused(status: number, said: UpstreamError): boolean {
  return status === 400 && (keyWords.test(said.message) || creditWords.test(said.message))
}

/** Whether a refusal of our key is one of an account that has nothing left to pay with. */
export function isCreditUsedUp(status: number, { message, innerCode }: UpstreamError): boolean {
  // ElevenLabs says it with a 401.
  return status === 402 || innerCode === 'quota_exceeded' || creditWords.test(message)
}
