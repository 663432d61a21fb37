import type { Knock } from '../../gateway/doctor/knock.ts'
import type { Run } from '../deploy/command.ts'
import { addressOf } from './backends.ts'
import { examineFrom } from './examine-pod.ts'
import type { Facts, InsideFacts, ModuleFacts } from './facts.ts'

/** By `host:port`. */
type Knocks = Readonly<Record<string, Knock>>

const timeoutMs = 3000

/**
 * A model server may let in its own module alone: what the pod that was asked does not reach is asked again from a pod
 * of each module that it belongs to, and their answers count.
 */
export async function askedByTheirOwn(
  run: Run,
  inside: InsideFacts,
  { modules, namespace }: Pick<Facts, 'modules' | 'namespace'>,
): Promise<InsideFacts> {
  const answers = await Promise.all(
    modules.map(async (module): Promise<Knocks> => {
      const closed = closedTo(module, inside)
      const pod = module.pods.find(({ isReady }) => isReady)
      if (closed.length === 0 || pod === undefined) return {}
      if (module.pods.some(({ name }) => name === inside.from)) return knocksOf(closed, inside)
      const question = { timeoutMs, ask: [], reach: closed }
      const examined = await examineFrom(run, { name: pod.name, namespace }, question)
      return 'examination' in examined ? examined.examination.reached : {}
    }),
  )
  // Where several modules share a server, one that does not reach it is enough.
  const backends: Knocks = Object.assign(
    {},
    inside.backends,
    ...answers.map((own) => only(own, true)),
    ...answers.map((own) => only(own, false)),
  )
  return { ...inside, backends }
}

function closedTo({ workload, backends }: ModuleFacts, inside: InsideFacts) {
  if (workload === 'absent') return []
  return backends
    .map(({ host, port }) => ({ id: addressOf({ host, port }), host, port }))
    .filter(({ id }) => inside.backends[id]?.isOpen === false)
}

function knocksOf(doors: readonly { readonly id: string }[], { backends }: InsideFacts): Knocks {
  const ids = new Set(doors.map(({ id }) => id))
  return Object.fromEntries(Object.entries(backends).filter(([id]) => ids.has(id)))
}

function only(knocks: Knocks, isOpen: boolean): Knocks {
  return Object.fromEntries(Object.entries(knocks).filter(([, knock]) => knock.isOpen === isOpen))
}
