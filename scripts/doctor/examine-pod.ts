import type { Examination } from '../../gateway/doctor.ts'
import type { Question } from '../../gateway/doctor/question.ts'
import { lastLines } from '../deploy/command.ts'
import type { Run } from '../deploy/command.ts'
import { parseJson, valueAt } from '../deploy/read-json.ts'

/** What came of asking a pod: its findings, or why there are none. */
export type Examined = { readonly examination: Examination } | { readonly said: string }

const patienceMs = 30_000

/** Has a gateway that runs look around from where it is. */
export async function examineFrom(
  run: Run,
  pod: { readonly name: string; readonly namespace: string },
  question: Question,
): Promise<Examined> {
  const command = [
    'kubectl',
    'exec',
    '--stdin',
    '--namespace',
    pod.namespace,
    pod.name,
    '--container',
    'gateway',
    '--',
    ...doctor,
  ]
  return read(await run(command, { input: JSON.stringify(question), timeoutMs: patienceMs }))
}

/** Where no gateway runs: a pod of its own, gone when it has answered. */
export async function examineFromNewPod(
  run: Run,
  { namespace, image }: { readonly namespace: string; readonly image: string },
  question: Question,
): Promise<Examined> {
  const name = `colonnade-doctor-${process.pid}`
  const command = [
    'kubectl',
    'run',
    name,
    '--namespace',
    namespace,
    '--image',
    image,
    '--restart=Never',
    '--stdin',
    '--rm',
    '--quiet',
    '--pod-running-timeout=20s',
    `--overrides=${JSON.stringify(podFor(name, image))}`,
  ]
  const said = await run(command, { input: JSON.stringify(question), timeoutMs: patienceMs })
  if (said.status !== 0)
    await run([
      'kubectl',
      'delete',
      'pod',
      name,
      '--namespace',
      namespace,
      '--ignore-not-found',
      '--wait=false',
    ])
  return read(said)
}

const doctor = ['node', 'gateway/doctor.mjs']

/** Meets the restricted level; has the label that Postgres lets in, and none that a Service goes by. */
function podFor(name: string, image: string): unknown {
  return {
    metadata: {
      labels: {
        'app.kubernetes.io/component': 'gateway',
        'app.kubernetes.io/name': 'doctor',
        'app.kubernetes.io/part-of': 'colonnade',
      },
    },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      restartPolicy: 'Never',
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 10_001,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          name,
          image,
          imagePullPolicy: 'IfNotPresent',
          command: doctor,
          stdin: true,
          stdinOnce: true,
          resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '128Mi' } },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
        },
      ],
    },
  }
}

function read({ status, stdout, stderr }: Awaited<ReturnType<Run>>): Examined {
  const line = stdout.split('\n').find((one) => one.startsWith('{'))
  const value = parseJson(line)
  if (isExamination(value)) return { examination: value }
  return { said: lastLines(stderr, 3).join(' ') || `it ended with ${status}` }
}

function isExamination(value: unknown): value is Examination {
  return ['nameServers', 'asked', 'reached'].every(
    (name) => typeof valueAt(value, name) === 'object',
  )
}
