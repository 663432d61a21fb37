import { run } from '../../scripts/deploy/command.ts'
import { NotShown } from './check.ts'

/** Faults that only the owner of the machine can bring about, and undo. */
export type ClusterFault = 'dns-dead' | 'cluster-ip' | 'disk-pressure'

const hook = process.env['CLUSTER_FAULTS']

/** Whether there is a program that brings them about: `$CLUSTER_FAULTS dns-dead on`, and `off`. */
export const canBreakCluster = hook !== undefined && hook !== ''

/** Breaks the cluster for as long as the work takes, whatever becomes of it. */
export async function withFault<T>(fault: ClusterFault, work: () => Promise<T>): Promise<T> {
  if (!canBreakCluster)
    throw new NotShown('needs a program in CLUSTER_FAULTS that breaks this cluster')
  try {
    await turn(fault, 'on')
    return await work()
  } finally {
    await turn(fault, 'off')
  }
}

async function turn(fault: ClusterFault, to: 'on' | 'off'): Promise<void> {
  const said = await run([hook ?? '', fault, to], { timeoutMs: 180_000 })
  if (said.status !== 0) throw new Error(`${hook} ${fault} ${to}: ${said.stderr || said.stdout}`)
}
