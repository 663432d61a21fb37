import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import { requireOverview } from '../auth/rights.ts'
import { askCaller } from './ask-caller.ts'
import type { Gateway } from './gateway.ts'

/** `GET /metrics` and `/metrics/`, in Prometheus' text form, for all workers of this process. */
export function addMetrics(app: FastifyInstance, gateway: Gateway): void {
  const answer = async (request: FastifyRequest, reply: FastifyReply) => {
    const { serving } = gateway.configuration
    if (serving?.module.litellm.isMetricsKeyRequired)
      requireOverview(await askCaller(request, gateway, serving), '/metrics')
    return reply
      .header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
      .send(await gateway.metricsText())
  }
  app.get('/metrics', answer)
  app.get('/metrics/', answer)
}
