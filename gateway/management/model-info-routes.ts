import type { FastifyRequest } from 'fastify'

import { GatewayError } from '../errors/gateway-error.ts'
import type { Gateway } from '../endpoints/gateway.ts'
import { actorOf } from './actor.ts'
import type { Desk } from './desk.ts'
import type { Routes } from './routes.ts'
import { groupsOf, modelGroupOf, modelInfoOf } from './model-info.ts'
import { Query } from './query.ts'

/** `/model/info` and `/model_group/info`: what stands behind the names that a caller may use. */
export function addModelInfo(routes: Routes, gateway: Gateway, desk: Desk): void {
  const info = async (request: FastifyRequest) => {
    const caller = await desk.authenticate(request)
    const query = new Query(request.query)
    const wanted = query.text('litellm_model_id') ?? query.text('id')
    const { router } = gateway.requireServing()
    const open = router.deployments
      .filter(({ modelName }) => desk.mayUse(caller, modelName))
      .filter(({ id }) => wanted === undefined || id === wanted)
    if (wanted !== undefined && open.length === 0) {
      throw new GatewayError(
        'not_found',
        `There is no model of the id ${wanted.slice(0, 100)} that this key may use: ask without litellm_model_id for all.`,
        { param: 'litellm_model_id' },
      )
    }
    const { isViewer } = actorOf(caller)
    return { data: open.map((deployment) => modelInfoOf(deployment, isViewer)) }
  }
  for (const path of ['/model/info', '/v1/model/info', '/v2/model/info']) routes.get(path, info)

  routes.get('/model_group/info', async (request) => {
    const caller = await desk.authenticate(request)
    const wanted = new Query(request.query).text('model_group')
    const groups = [...groupsOf(gateway.requireServing())]
      .filter(([name]) => desk.mayUse(caller, name))
      .filter(([name]) => wanted === undefined || name === wanted)
    return { data: groups.map(([name, deployments]) => modelGroupOf(name, deployments)) }
  })
}
