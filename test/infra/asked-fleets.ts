/** Everything a module and the platform can ask for, at once. */
export const richFleet = {
  'platform.yaml': [
    'namespace: models',
    'image: registry.example:5000/team/gateway',
    'backend_host: node',
    'postgres: {storage: 20Gi, storage_class: fast}',
    'prometheus: {storage: 10Gi, storage_class: slow, retention: 30d, node_port: 30950}',
  ].join('\n'),
  'modules/scaled.yaml': [
    'deploy:',
    '  autoscaling: {min: 2, max: 9, target_cpu_percent: 60}',
    '  resources: {requests: {cpu: 500m, memory: 1Gi, nvidia.com/gpu: "1"}, limits: {cpu: "4", memory: 2Gi, nvidia.com/gpu: "1"}}',
    '  secrets: [MY_SECRET]',
    'model_list: [{model_name: a, litellm_params: {model: openai/a, api_key: os.environ/OPENAI_API_KEY}}]',
  ].join('\n'),
  'modules/outside.yaml': 'deploy: {replicas: null, node_port: 31000}\nmodel_list: []\n',
  'modules/plain.yaml': 'model_list: [{model_name: on, litellm_params: {model: openai/012}}]\n',
}

/** Postgres and Prometheus that somebody else runs. */
const externalFleet = {
  'platform.yaml': 'postgres: {mode: external}\nprometheus: {mode: none}\n',
  'modules/llm.yaml': 'model_list: []\n',
}

/** Every entrance and component, and a module that scales by requests, one that does so from none. */
export const entrancesFleet = {
  'platform.yaml': [
    'image: registry.example/gateway',
    `image_digest: sha256:${'0a'.repeat(32)}`,
    'image_pull_secrets: [registry]',
    'node_selector: {kubernetes.io/arch: amd64}',
    'tolerations: [{key: ai, operator: Exists, effect: NoExecute, toleration_seconds: 60}]',
    'secrets: {mode: external, store: vault}',
    'postgres: {mode: cnpg, instances: 2, pooler: 2, storage: 20Gi, storage_class: fast}',
    'prometheus: {mode: operator, labels: {release: prometheus}, namespace: monitoring, address: "http://prometheus.monitoring:9090"}',
    'ingress: {host: ai.example.com, class: nginx, issuer: letsencrypt, annotations: {a.example/b: "1"}}',
    'gateway_api: {host: models.example.com, routing: host, parents: [{name: web, namespace: entrance, section: https}]}',
  ].join('\n'),
  'modules/llm.yaml': [
    'deploy:',
    '  autoscaling: {min: 2, max: 9, target_in_flight: 20, target_cpu_percent: 60}',
    '  node_selector: {}',
    '  tolerations: []',
    'model_list: []',
  ].join('\n'),
  'modules/vision.yaml':
    'deploy: {autoscaling: {min: 0, max: 3, target_in_flight: 4}}\nmodel_list: []\n',
}

/** Model servers of every kind beside their modules. */
export const backendsFleet = {
  'modules/llm.yaml': [
    'deploy:',
    '  backends:',
    '    - {name: ollama, kind: ollama, image: "ollama/ollama:0.12.3", models: [qwen3:8b, "it\'s"], gpus: 1, storage: 80Gi, storage_class: fast}',
    '    - {name: vllm, kind: vllm, image: "vllm/vllm-openai:v0.11.0", models: [Qwen/Qwen3-8B], replicas: 3, pool: {picker_image: "llm-d/endpoint-picker:v0.9.0", parents: [{name: inference, namespace: gateways}]}, args: [--max-model-len=8192], gpus: 2, gpu_resource: amd.com/gpu,',
    '       resources: {requests: {memory: 24Gi}}, node_selector: {gpu: big}, tolerations: [{key: gpu, operator: Exists}]}',
    'model_list: [{model_name: qwen, litellm_params: {model: ollama_chat/qwen3:8b, api_base: "http://llm-ollama:11434"}}]',
  ].join('\n'),
  'modules/audio.yaml':
    'deploy: {backends: [{name: whisper, kind: whisper, image: "speaches/speaches:0.8.3-cpu"}]}\nmodel_list: []\n',
  'modules/image-gen.yaml':
    'deploy: {backends: [{name: comfyui, kind: comfyui, image: "comfyui/comfyui:v0.3.60", gpus: 1}]}\nmodel_list: []\n',
}

/** Secrets that somebody else made. */
export const existingFleet = {
  'platform.yaml': [
    'secrets: {mode: existing}',
    'postgres: {mode: external, secret: company-database, secret_key: url}',
    'prometheus: {mode: none, namespace: monitoring}',
    'ingress: {host: ai.example.com, routing: host, tls_secret: tls}',
  ].join('\n'),
  'modules/llm.yaml': 'deploy: {secret: company-llm-keys}\nmodel_list: []\n',
}

/** Fleets that together ask for everything, by what they are: each the files of a folder. */
export const askedFleets: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['a fleet that asks for everything', richFleet],
  ['a fleet with its own Postgres and Prometheus', externalFleet],
  ['a fleet with entrances and components', entrancesFleet],
  ['a fleet with model servers of its own', backendsFleet],
  ['a fleet with Secrets of its own', existingFleet],
]
