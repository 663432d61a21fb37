import type { Backend, BackendReport } from './backends.ts'

/** A server people run beside Colonnade, known by the port it has out of the box. */
interface KnownServer {
  readonly port: string
  readonly name: string
  readonly start: string
  /** How it gets a model; absent: no command does. */
  readonly pull?: (model: string) => string
  readonly fits?: (backend: Backend) => boolean
}

const knownServers: readonly KnownServer[] = [
  {
    port: '11434',
    name: 'Ollama',
    start: 'start it with `ollama serve`',
    pull: (model) => `ollama pull ${model}`,
  },
  {
    port: '7860',
    name: 'Stable Diffusion WebUI',
    start: 'start it with `./webui.sh --api`',
  },
  { port: '8188', name: 'ComfyUI', start: 'start it with `python main.py` in its folder' },
  {
    port: '8000',
    name: 'The speech server',
    start:
      'start a Whisper server that speaks OpenAI’s API there (speaches, faster-whisper-server, LocalAI)',
    fits: ({ endpoints }) => [...endpoints].some((endpoint) => endpoint.startsWith('audio-')),
  },
  { port: '8000', name: 'vLLM', start: 'start it with `vllm serve <model>`' },
  {
    port: '8080',
    name: 'whisper.cpp',
    start: 'start it with `whisper-server -m <model.bin> --port 8080 --convert`',
    fits: ({ modelList }) => modelList.path === '/health',
  },
  {
    port: '5000',
    name: 'Piper',
    start: 'start it with `python3 -m piper.http_server -m <voice>`',
    fits: ({ modelList }) => modelList.path === '/voices',
  },
  {
    port: '8880',
    name: 'Kokoro-FastAPI',
    start: 'start its container on port 8880',
  },
  {
    port: '8080',
    name: 'llama.cpp or LocalAI',
    start: 'start it with `llama-server -m <model.gguf> --port 8080`',
  },
  { port: '1234', name: 'LM Studio', start: 'start its server with `lms server start`' },
]

/** What a table's cell says of a backend. */
export function stateInWords({ backend, state }: BackendReport): string {
  const words = {
    answers: 'answers',
    lacks: 'lacks models',
    refuses: 'refuses the key',
    silent: 'silent',
    keyless: 'no key',
  }
  return `${new URL(backend.base).host} ${words[state.kind]}`
}

/** One line for each server that is not as it should be, saying what to do. */
export function adviceFor(reports: readonly BackendReport[]): string[] {
  const byHost = Map.groupBy(reports, ({ backend }) => new URL(backend.base).origin)
  return [...byHost].flatMap(([origin, group]) => {
    const modules = [...new Set(group.flatMap(({ backend }) => [...backend.modules]))]
    const first = group[0]
    if (first === undefined) return []
    const server = serverOf(first.backend)
    const advice = adviceForServer(server, origin, group)
    return advice === undefined ? [] : [`${advice}   (${modules.join(', ')})`]
  })
}

function adviceForServer(
  server: KnownServer | undefined,
  origin: string,
  group: readonly BackendReport[],
): string | undefined {
  const name = server === undefined ? origin : `${server.name} (${origin})`
  const refusing = group.find(({ state }) => state.kind === 'refuses')
  const keyless = group.find(({ state }) => state.kind === 'keyless')
  const lacking = new Set(
    group.flatMap(({ state }) => (state.kind === 'lacks' ? state.models : [])),
  )
  if (group.some(({ state }) => state.kind === 'silent'))
    return `${name} does not answer: ${server?.start ?? 'start it, or correct api_base in the module file'}${modelsAfterwards(server, group)}.`
  if (refusing)
    return `${name} refuses the key shown to it: check the api_key in the module file, or its variable in .env.`
  if (keyless) return `${name} wants a key: put ${keyless.backend.missingKey} into .env.`
  if (lacking.size === 0) return undefined
  const models = [...lacking]
  const pull = server?.pull
  return pull === undefined
    ? `${name} does not list ${models.join(', ')}: load it there, or name another model.`
    : `${name} lacks ${models.join(', ')}: ${commands(pull, models)}.`
}

/** Who is silent cannot say which models it has; who starts it for the first time needs all. */
function modelsAfterwards(
  server: KnownServer | undefined,
  group: readonly BackendReport[],
): string {
  const pull = server?.pull
  if (pull === undefined) return ''
  const models = [...new Set(group.flatMap(({ backend }) => [...backend.models]))]
  return models.length === 0 ? '' : `; its models come by ${commands(pull, models)}`
}

function commands(pull: (model: string) => string, models: readonly string[]): string {
  return models.map((model) => `\`${pull(model)}\``).join(', ')
}

function serverOf(backend: Backend): KnownServer | undefined {
  const { port } = new URL(backend.base)
  return knownServers.find((server) => server.port === port && (server.fits?.(backend) ?? true))
}
