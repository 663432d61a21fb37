import type { Backend } from '../../modules/module.ts'
import type { BackendKind } from '../../modules/backend-schema.ts'

/** Where models are kept. */
export const dataFolder = '/data'

/** What differs between model servers. */
interface Server {
  readonly port: number
  /** Answers once requests are. */
  readonly readyPath: string
  readonly args: (backend: Backend) => string[]
  readonly env: (backend: Backend) => Readonly<Record<string, string>>
  /** Whether it gets the module's Hugging Face token, where there is one. */
  readonly usesToken: boolean
  /** In place of the image's own. */
  readonly command?: string[]
}

const huggingFace = { HF_HOME: `${dataFolder}/huggingface` }

const ollamaPort = 11_434

/** The server, and beside it what pulls the models that are missing, again until all of them are there. */
const serveAndPull = [
  '(',
  `export OLLAMA_HOST=127.0.0.1:${ollamaPort}`,
  'until ollama list >/dev/null 2>&1; do sleep 2; done',
  `printf '%s\\n' "$MODELS" | while read -r model; do`,
  'until [ -z "$model" ] || ollama pull "$model" </dev/null; do sleep 30; done',
  'done',
  ') &',
  'exec ollama "$@"',
].join('\n')

export const servers: Readonly<Record<BackendKind, Server>> = {
  ollama: {
    port: ollamaPort,
    readyPath: '/api/version',
    command: ['sh', '-c', serveAndPull, 'ollama'],
    args: () => ['serve'],
    env: ({ models }) => ({
      OLLAMA_HOST: `0.0.0.0:${ollamaPort}`,
      OLLAMA_MODELS: `${dataFolder}/models`,
      MODELS: models.join('\n'),
    }),
    usesToken: false,
  },
  vllm: {
    port: 8000,
    readyPath: '/health',
    args: ({ models }) => [...models.map((model) => `--model=${model}`), '--port=8000'],
    env: () => ({
      ...huggingFace,
      VLLM_CACHE_ROOT: `${dataFolder}/vllm`,
      TRITON_CACHE_DIR: `${dataFolder}/triton`,
      TORCHINDUCTOR_CACHE_DIR: `${dataFolder}/inductor`,
      // No user of that number has a name in the image.
      USER: 'vllm',
    }),
    usesToken: true,
  },
  whisper: {
    port: 8000,
    readyPath: '/health',
    args: () => [],
    env: () => ({ ...huggingFace, UVICORN_HOST: '0.0.0.0', UVICORN_PORT: '8000' }),
    usesToken: true,
  },
  comfyui: {
    port: 8188,
    readyPath: '/system_stats',
    args: () => ['--listen=0.0.0.0', '--port=8188', `--base-directory=${dataFolder}`],
    env: () => huggingFace,
    usesToken: true,
  },
}
