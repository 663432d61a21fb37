import { isUtf8 } from 'node:buffer'

import { isObject } from '../../modules/json-object.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { JsonDocument } from './json-document.ts'
import { membersOf, type Member } from './json-members.ts'
import { deepestNesting } from './json-scan.ts'

/** A request body in JSON. */
export class JsonRequest extends JsonDocument {
  readonly kind = 'json'
}

/** Reads a body. Throws `invalid_request` for anything but one plain JSON object. */
export function readJsonRequest(bytes: Buffer): JsonRequest {
  if (bytes.length === 0) throw invalid('The request has no body; expected a JSON object.')
  if (!isUtf8(bytes))
    throw invalid('The request body is not UTF-8 text; expected a JSON object in UTF-8.')
  const members = membersOf(bytes)
  if (!members) throw whyUnread(bytes)
  refuseDuplicates(members)
  return new JsonRequest(bytes, members)
}

/** What is wrong with bytes that are no sound object. */
function whyUnread(bytes: Buffer): GatewayError {
  const value = parse(bytes)
  if (isObject(value))
    return invalid(`Invalid JSON payload: the body is nested deeper than ${deepestNesting} levels.`)
  const found = value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`
  return invalid(`Invalid JSON payload: expected an object, found ${found}.`)
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    // The parser quotes the text it stumbled over, which may be a prompt: only its position is passed on.
    const position =
      cause instanceof SyntaxError ? /position (\d+)/.exec(cause.message)?.[1] : undefined
    const where = position === undefined ? '' : ` at position ${position}`
    throw invalid(`Invalid JSON payload: the body is not JSON${where}.`)
  }
}

// Two readers may each take another one of two equal keys: what we checked is not what the upstream would do.
function refuseDuplicates(members: readonly Member[]): void {
  // Few members are faster compared than collected.
  const seen = members.length > fewMembers ? new Set<string>() : undefined
  for (let at = 0; at < members.length; at += 1) {
    const key = members[at]?.key ?? ''
    if (seen ? seen.has(key) : standsBefore(members, at, key)) {
      throw new GatewayError(
        'invalid_request',
        `Invalid JSON payload: the key "${key.slice(0, 60)}" stands twice.`,
        {
          param: key.slice(0, 60),
        },
      )
    }
    seen?.add(key)
  }
}

const fewMembers = 12

function standsBefore(members: readonly Member[], end: number, key: string): boolean {
  for (let at = 0; at < end; at += 1) if (members[at]?.key === key) return true
  return false
}

function invalid(message: string): GatewayError {
  return new GatewayError('invalid_request', message)
}
