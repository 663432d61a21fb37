import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { faultLine, readModule } from '../../modules/read-module.ts'

function read(deploy: unknown) {
  const text = stringify({
    deploy,
    model_list: [{ model_name: 'a', litellm_params: { model: 'openai/a' } }],
  })
  const { deploy: settings, faults } = readModule(text, { file: 'f', name: 'm' })
  return {
    settings,
    faults: faults.map((fault) => faultLine(fault).replace(/^f:\d+:\d+ deploy\./, '')),
  }
}

test('everything that may be written is read', () => {
  const { settings, faults } = read({
    node_port: '30123',
    autoscaling: { min: 2, max: 6, target_cpu_percent: 60 },
    resources: {
      requests: { cpu: 2, memory: '1Gi', 'nvidia.com/gpu': 1 },
      limits: { memory: '2Gi', 'nvidia.com/gpu': 1 },
    },
    secrets: ['OPENAI_API_KEY', 'OPENAI_API_KEY', 'HF_TOKEN'],
  })
  expect(faults).toEqual([])
  expect(settings).toEqual({
    nodePort: 30_123,
    replicas: null,
    autoscaling: { min: 2, max: 6, targetCpuPercent: 60 },
    resources: {
      requests: { cpu: '2', memory: '1Gi', 'nvidia.com/gpu': '1' },
      limits: { memory: '2Gi', 'nvidia.com/gpu': '1' },
    },
    secrets: ['OPENAI_API_KEY', 'HF_TOKEN'],
  })
})

describe('replicas', () => {
  test.each([
    [{ replicas: 0 }, 0],
    [{ replicas: 5 }, 5],
    [{ replicas: null }, null],
    [{}, 1],
    [null, 1],
    [{ autoscaling: { max: 3 } }, null],
  ])('%j', (deploy, replicas) => {
    expect(read(deploy)).toEqual({ settings: expect.objectContaining({ replicas }), faults: [] })
  })
})

describe('resources', () => {
  test('a request above the usual limit raises it', () => {
    expect(read({ resources: { requests: { memory: '1Gi' } } }).settings.resources).toEqual({
      requests: { cpu: '100m', memory: '1Gi' },
      limits: { cpu: '2', memory: '1Gi' },
    })
    expect(read({ resources: { requests: { cpu: '3' } } }).settings.resources).toEqual({
      requests: { cpu: '3', memory: '128Mi' },
      limits: { cpu: '3', memory: '256Mi' },
    })
  })

  test('a limit below the usual request lowers it', () => {
    expect(read({ resources: { limits: { memory: '100Mi' } } }).settings.resources).toEqual({
      requests: { cpu: '100m', memory: '100Mi' },
      limits: { memory: '100Mi' },
    })
  })

  test('no limits are no limits', () => {
    expect(read({ resources: { limits: {} } }).settings.resources.limits).toEqual({})
  })
})

test.each([
  [{ node_port: 30_000 }, 'node_port: expected a whole number from 30001 to 32767, found 30000'],
  [{ node_port: 80 }, 'node_port: expected a whole number from 30001 to 32767, found 80'],
  [{ node_port: 30_900 }, 'node_port: expected a free port, found 30900, which Prometheus has'],
  [
    { replicas: -1 },
    'replicas: expected a whole number from 0 to 1000, or null where something else scales, found -1',
  ],
  [
    { replicas: 'two' },
    'replicas: expected a whole number from 0 to 1000, or null where something else scales, found "two"',
  ],
  [
    { replicas: 2, autoscaling: { max: 3 } },
    'replicas: expected either replicas or autoscaling, found both',
  ],
  [{ autoscaling: { min: 5, max: 3 } }, 'autoscaling.max: expected at least min, 5, found 3'],
  [{ autoscaling: {} }, 'autoscaling.max: expected a whole number from 1 to 1000, found nothing'],
  [
    { backends: [{ name: 'a', kind: 'olama', image: 'a:1' }] },
    'backends[0].kind: expected one of ollama, vllm, whisper, comfyui, found "olama", did you mean ollama?',
  ],
  [
    { backends: [{ name: 'a', kind: 'ollama', image: 'ollama/ollama:latest' }] },
    'backends[0].image: expected an image with its full tag, such as ollama/ollama:0.12.3, found "ollama/ollama:latest"',
  ],
  [
    { backends: [{ name: 'a', kind: 'vllm', image: 'a:1' }] },
    'backends[0].models: expected one model for vllm, which serves one',
  ],
  [
    {
      backends: [
        {
          name: 'a',
          kind: 'ollama',
          image: 'a:1',
          pool: { picker_image: 'b:1', parents: [{ name: 'c' }] },
        },
      ],
    },
    'backends[0].pool: expected kind: vllm with it, found ollama',
  ],
  [
    { backends: [{ name: 'gateway', kind: 'ollama', image: 'a:1' }] },
    'backends[0].name: expected another name, found gateway, which the module itself uses',
  ],
  [
    { backends: ['a', 'a'].map((name) => ({ name, kind: 'ollama', image: 'a:1' })) },
    'backends[1].name: expected a name of its own, found a twice',
  ],
  [
    {
      backends: [
        { name: 'a', kind: 'ollama', image: 'a:1', resources: { limits: { mem: '1Gi' } } },
      ],
    },
    'backends[0].resources.limits.mem: unknown resource, did you mean memory?',
  ],
  [
    { autoscaling: { min: 0, max: 3 } },
    'autoscaling.min: expected at least 1, found 0: pods that are not there use no CPU; write target_in_flight to scale by requests',
  ],
  [
    { secret: 'My Secret' },
    'secret: expected the name of a Kubernetes object: letters a-z, digits, dashes and dots, found something else',
  ],
  [
    { autoscaling: { max: 3, target_memory: 1 } },
    'autoscaling.target_memory: unknown key, expected one of min, max, target_cpu_percent, target_in_flight',
  ],
  [
    { resources: { requests: { memory: '1GB' } } },
    'resources.requests.memory: expected a quantity such as 100m, 0.5 or 256Mi, found "1GB"',
  ],
  [
    { resources: { requests: { memroy: '1Gi' } } },
    'resources.requests.memroy: unknown resource, did you mean memory?',
  ],
  [
    { resources: { requests: { memory: '2Gi' }, limits: { memory: '1Gi' } } },
    'resources.limits.memory: expected at least the request, 2Gi, found 1Gi',
  ],
  [
    { secrets: ['not a name'] },
    'secrets[0]: expected a variable name such as OPENAI_API_KEY, found something else',
  ],
  [
    { secrets: 'OPENAI_API_KEY' },
    'secrets: expected a list of variable names, found something else',
  ],
  [{ Replicas: 2 }, 'Replicas: unknown key, did you mean replicas?'],
])('%j is refused', (deploy, fault) => {
  expect(read(deploy).faults).toContain(fault)
})
