import { parse, stringify } from 'yaml'
import { resolveProvider } from '../../gateway/providers/index.ts'
import type { Provider } from '../../gateway/providers/provider.ts'
import { isObject } from '../../modules/json-object.ts'
import type { StandIns } from '../stand-ins.ts'

/** Before every model's name, so that an answer's `model` says what it is. */
const demoPrefix = 'demo/'

type Addresses = StandIns['addresses']

/** A gateway's document in which every deployment leads to a stand-in, and every model is called demo. */
export function demoDocument(config: string, addresses: Addresses): string {
  const document: unknown = parse(config, { merge: true, logLevel: 'silent' })
  if (!isObject(document) || !Array.isArray(document['model_list'])) return config
  const entries: unknown[] = document['model_list']
  const { router_settings: router, litellm_settings: litellm, general_settings: general } = document
  const names = new Set([...entries.flatMap(nameOf), ...aliasesOf(router)])
  return stringify({
    ...document,
    model_list: entries.map((entry) => demoEntry(entry, addresses)),
    ...(router === undefined ? {} : { router_settings: renamed(router, names) }),
    ...(litellm === undefined ? {} : { litellm_settings: renamed(litellm, names) }),
    // What a demo uses is nobody's spend.
    ...(isObject(general) ? { general_settings: { ...general, database_url: undefined } } : {}),
  })
}

function nameOf(entry: unknown): string[] {
  return isObject(entry) && typeof entry['model_name'] === 'string' ? [entry['model_name']] : []
}

function aliasesOf(router: unknown): string[] {
  const aliases = isObject(router) ? router['model_group_alias'] : undefined
  return isObject(aliases) ? Object.keys(aliases) : []
}

function demoEntry(entry: unknown, addresses: Addresses): unknown {
  if (!isObject(entry) || !isObject(entry['litellm_params'])) return entry
  const params = demoParams(entry['litellm_params'], addresses)
  const named = nameOf(entry).map((name) => ({ model_name: `${demoPrefix}${name}` }))
  return { ...entry, ...named[0], litellm_params: params }
}

function demoParams(params: Readonly<Record<string, unknown>>, addresses: Addresses): unknown {
  const { model, custom_llm_provider: customProvider, api_base: apiBase, ...rest } = params
  const resolved = resolveProvider({
    model: typeof model === 'string' ? model : '',
    ...(typeof customProvider === 'string' ? { customProvider } : {}),
    ...(typeof apiBase === 'string' ? { apiBase } : {}),
  })
  // The gateway leaves such a model out, and says why.
  if ('fault' in resolved) return params
  // Nothing in a demo draws by a workflow.
  const { litellm_credential_name: _, workflow: _1, workflow_file: _2, ...kept } = rest
  const { name, address } = standInFor(resolved.provider, addresses)
  return { ...kept, model: `${name}/${resolved.model}`, api_base: address, api_key: 'demo' }
}

/** A dialect is known by where it lists its models; one without a stand-in is played by OpenAI's. */
function standInFor({ name, modelList: { path }, endpoints }: Provider, addresses: Addresses) {
  if (path.startsWith('/api/')) return { name, address: addresses.ollama }
  if (path.startsWith('/sdapi/')) return { name, address: addresses.pictures }
  if (path.startsWith('/object_info/')) return { name: 'a1111', address: addresses.pictures }
  const isPlain = path === '/models' && endpoints['chat-completions']?.kind === 'pass-through'
  return { name: isPlain ? name : 'openai', address: `${addresses.openai}/v1` }
}

/** Keys and words that are model names get the demo's name, however deep they stand. */
function renamed(value: unknown, names: ReadonlySet<string>): unknown {
  const rename = (word: string) => (names.has(word) ? `${demoPrefix}${word}` : word)
  if (typeof value === 'string') return rename(value)
  if (Array.isArray(value)) return value.map((item) => renamed(item, names))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [rename(key), renamed(item, names)]),
  )
}
