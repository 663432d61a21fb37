/** Why a file could not be fetched, in words that follow the name of the field: `is larger than …`. */
export class FetchFailure extends Error {}

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'leads to a server that refuses the connection.',
  ENOTFOUND: 'leads to a host that DNS does not know.',
  EAI_AGAIN: 'leads to a host of which DNS tells nothing at the moment.',
  ENODATA: 'leads to a host that DNS does not know.',
}

/** What a failed connection means to the caller. */
export function transportFailure(cause: Error & { code?: string }): FetchFailure {
  if (cause instanceof FetchFailure) return cause
  const code = cause.code ?? ''
  const isOfTls = /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|EPROTO)/.test(code)
  const reason = isOfTls
    ? 'leads to a server whose certificate is not valid.'
    : (words[code] ?? 'cannot be fetched: the connection failed.')
  return new FetchFailure(reason, { cause })
}
