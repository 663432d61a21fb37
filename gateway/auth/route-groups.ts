/** LiteLLM's names for paths that belong together, and which of ours those are. Model endpoints stand without `/v1`. */
const openaiRoutes = [
  '/chat/completions',
  '/completions',
  '/embeddings',
  '/moderations',
  '/rerank',
  '/responses',
  '/responses/*',
  '/images/*',
  '/audio/*',
  '/models',
  '/models/*',
]
const anthropicRoutes = ['/messages', '/messages/count_tokens']
const modelInfo = ['/model/info', '/model_group/info']
const keyRoutes = ['/key/*', '/v2/key/*']
const spendRoutes = ['/spend/*']
const globalSpendRoutes = [
  '/global/spend',
  '/global/spend/*',
  '/global/activity',
  '/global/activity/*',
]
const managementRoutes = [
  ...keyRoutes,
  '/user/*',
  '/team/*',
  '/v2/team/*',
  '/budget/*',
  '/customer/*',
  '/end_user/*',
  '/model/*',
  '/model_group/info',
  '/credentials',
  '/credentials/*',
  '/spend/logs',
]
const infoRoutes = [
  '/key/info',
  '/key/list',
  '/key/aliases',
  '/key/health',
  '/v2/key/info',
  '/team/info',
  '/team/list',
  '/v2/team/list',
  '/user/info',
  ...modelInfo,
  '/health',
  '/models',
  '/models/*',
]

/** Paths of the models themselves: these are the same with `/v1` before them and without. */
export const modelRoutes: readonly string[] = [...openaiRoutes, ...anthropicRoutes, ...modelInfo]

/** Paths by the name of their group, with stars for any text. */
export const routeGroups: ReadonlyMap<string, readonly string[]> = new Map([
  ['openai_routes', openaiRoutes],
  ['anthropic_routes', anthropicRoutes],
  ['llm_api_routes', modelRoutes],
  ['info_routes', infoRoutes],
  ['key_management_routes', keyRoutes],
  ['management_routes', managementRoutes],
  ['spend_tracking_routes', spendRoutes],
  ['global_spend_tracking_routes', globalSpendRoutes],
])
