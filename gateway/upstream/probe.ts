import type { Dispatcher } from 'undici'

import type { Deployment } from '../routing/deployment.ts'
import { UpstreamCall } from './call.ts'

/** What a server said when it was asked for its models. */
export interface ServerHealth {
  readonly address: string
  readonly answers: boolean
  readonly error?: string
  readonly models: readonly string[]
}

const probeTimeoutMs = 3_000

/** Asks each distinct server once for its list of models: free of charge, unlike a completion. */
export async function probeServers(
  deployments: readonly Deployment[],
  pool: (origin: string) => Dispatcher,
): Promise<ServerHealth[]> {
  const servers = new Map<string, Deployment>()
  for (const deployment of deployments)
    servers.set(deployment.origin + deployment.basePath, deployment)
  return Promise.all([...servers].map(([address, deployment]) => probe(address, deployment, pool)))
}

async function probe(
  address: string,
  deployment: Deployment,
  pool: (origin: string) => Dispatcher,
): Promise<ServerHealth> {
  const chunks: Buffer[] = []
  let status = 0
  const options = {
    method: 'GET' as const,
    path: deployment.basePath + deployment.provider.modelList.path,
    headers: [...deployment.headers],
    body: null,
    model: deployment.modelName,
    connectMs: 0,
    timeoutMs: probeTimeoutMs,
    idleMs: 0,
    streamMs: 0,
    open: (head: { status: number }) => {
      status = head.status
      return { push: (chunk: Buffer) => void chunks.push(chunk), end: () => undefined }
    },
  }
  try {
    await new UpstreamCall(options).send(pool(deployment.origin))
  } catch (thrown) {
    return {
      address,
      answers: false,
      error: thrown instanceof Error ? thrown.message : String(thrown),
      models: [],
    }
  }
  // What signs its calls tells of its models elsewhere; any answer shows that it lives.
  if (deployment.provider.signing) return { address, answers: true, models: [] }
  if (status >= 300)
    return { address, answers: true, error: `it answered with HTTP ${status}`, models: [] }
  return { address, answers: true, models: namesIn(Buffer.concat(chunks), deployment) }
}

function namesIn(body: Buffer, { provider }: Deployment): readonly string[] {
  try {
    return provider.modelList.namesIn(JSON.parse(body.toString('utf8')))
  } catch {
    return []
  }
}
