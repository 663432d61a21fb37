import type { k8s } from 'cdk8s-plus-28'
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
  readonly env: Readonly<Record<string, string>>
  /** Whether it gets the module's Hugging Face token, where there is one. */
  readonly usesToken: boolean
  /** A second container that brings the models. */
  readonly fetch?: (backend: Backend) => Pick<k8s.Container, 'command' | 'env'> | undefined
}

const huggingFace = { HF_HOME: `${dataFolder}/huggingface` }

const ollamaPort = 11_434

/** Pulls what is missing, again until all of it is there; then rests, because a pod has no end. */
const pull = [
  'until ollama list >/dev/null 2>&1; do sleep 2; done',
  'for model in "$@"; do until ollama pull "$model"; do sleep 30; done; done',
  'trap "exit 0" TERM; while :; do sleep 3600 & wait $!; done',
].join('\n')

export const servers: Readonly<Record<BackendKind, Server>> = {
  ollama: {
    port: ollamaPort,
    readyPath: '/api/version',
    args: () => ['serve'],
    env: { OLLAMA_HOST: `0.0.0.0:${ollamaPort}`, OLLAMA_MODELS: `${dataFolder}/models` },
    usesToken: false,
    fetch: ({ models }) =>
      models.length === 0
        ? undefined
        : {
            command: ['sh', '-c', pull, 'pull', ...models],
            env: [{ name: 'OLLAMA_HOST', value: `127.0.0.1:${ollamaPort}` }],
          },
  },
  vllm: {
    port: 8000,
    readyPath: '/health',
    args: ({ models }) => [...models.map((model) => `--model=${model}`), '--port=8000'],
    env: {
      ...huggingFace,
      VLLM_CACHE_ROOT: `${dataFolder}/vllm`,
      TRITON_CACHE_DIR: `${dataFolder}/triton`,
      TORCHINDUCTOR_CACHE_DIR: `${dataFolder}/inductor`,
      // No user of that number has a name in the image.
      USER: 'vllm',
    },
    usesToken: true,
  },
  whisper: {
    port: 8000,
    readyPath: '/health',
    args: () => [],
    env: { ...huggingFace, UVICORN_HOST: '0.0.0.0', UVICORN_PORT: '8000' },
    usesToken: true,
  },
  comfyui: {
    port: 8188,
    readyPath: '/system_stats',
    args: () => ['--listen=0.0.0.0', '--port=8188', `--base-directory=${dataFolder}`],
    env: huggingFace,
    usesToken: true,
  },
}
