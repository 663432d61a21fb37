import type { FastifyInstance, FastifyRequest } from 'fastify'

import { authenticateIfShown } from '../auth/keyring.ts'
import { requireUse, roleOf } from '../auth/rights.ts'
import { useOf } from './ask-caller.ts'
import type { Gateway } from './gateway.ts'
import { mergeHealth } from './health-report.ts'
import { probeServers, type ServerHealth } from '../upstream/probe.ts'

/** Liveness, readiness and the passive health of the models behind them. None of them calls a model. */
export function addHealth(app: FastifyInstance, gateway: Gateway): void {
  // Says only that the event loop turns: a dead backend or database never restarts a gateway.
  const alive = () => JSON.stringify("I'm alive!")
  for (const path of ['/health/liveliness', '/health/liveness']) {
    app.get(path, (_, reply) => reply.header('content-type', 'application/json').send(alive()))
  }
  app.get('/health/readiness', (_, reply) => {
    const report = gateway.readiness()
    void reply.header('x-colonnade-instance', gateway.settings.instanceId)
    return reply.code(report.isReady ? 200 : 503).send(report.body)
  })
  app.get<{ Querystring: { probe?: string } }>('/health', async (request) => {
    const isMaster = await isMasterCaller(request, gateway)
    const servers: ServerHealth[] =
      isMaster && request.query.probe === 'true' ? await probe(gateway) : []
    const reports = await gateway.askAll('health')
    return mergeHealth(reports, { isMaster, servers })
  })
}

// Whoever sees everything sees this too.
async function isMasterCaller(request: FastifyRequest, gateway: Gateway): Promise<boolean> {
  const { serving } = gateway.configuration
  if (!serving) return false
  const caller = await authenticateIfShown(request.raw.headers, serving.keyring)
  if (!caller?.access) return caller?.isMaster ?? false
  requireUse(caller, useOf(request, gateway))
  return roleOf(caller) !== 'none'
}

function probe(gateway: Gateway): Promise<ServerHealth[]> {
  const deployments = gateway.configuration.serving?.router.deployments ?? []
  return probeServers(deployments, gateway.rooms.pool)
}
