import type { FaultList } from './fault-list.ts'
import type { DeploymentParams } from './module.ts'
import type { paramsSchema } from './params-schema.ts'
import type { ValueOf } from './schema-parts.ts'
import type { Path } from './yaml-source.ts'

type Params = ValueOf<typeof paramsSchema>

/** The keys that sign AWS calls, as far as an entry names them. */
export function signingKeysIn(params: Params): Pick<DeploymentParams, 'signingKeys'> {
  const id = params.aws_access_key_id?.trim()
  const secret = params.aws_secret_access_key?.trim()
  const token = params.aws_session_token?.trim()
  if (!id && !secret) return {}
  return {
    signingKeys: {
      ...(id && { accessKeyId: id }),
      ...(secret && { secretAccessKey: secret }),
      ...(token && { sessionToken: token }),
    },
  }
}

const instead =
  'set aws_access_key_id and aws_secret_access_key, with aws_session_token where they are lent, or a Bedrock API key as api_key'

const notDone = {
  aws_profile_name: 'profiles are not read',
  aws_role_name: 'roles are not assumed',
  aws_web_identity_token: 'web identities are not exchanged',
} as const

/** Refuses the ways to AWS credentials that are not taken here: calls would go out as somebody else, or not at all. */
export function checkAws(params: Params, path: Path, faults: FaultList): void {
  for (const key of ['aws_profile_name', 'aws_role_name', 'aws_web_identity_token'] as const)
    if (params[key]) faults.error([...path, key], `${notDone[key]}: ${instead}`, { part: 'key' })
}
