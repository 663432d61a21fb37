/** Events out of the bytes of one stream that is no text, which the network cuts anywhere. Pure. */
export interface Framer {
  /** What is whole by now, in its order. Throws GatewayError `upstream_nonsense` where the bytes are no frames. */
  push(chunk: Uint8Array): Iterable<unknown>
}
