import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'

/** CPU that a process and its children have used so far, user and system, in seconds. */
export function cpuSecondsOf(pid: number): number {
  if (!existsSync('/proc/self/stat')) return secondsOf(ps(pid, 'time'))
  return treeOf(pid).reduce((sum, each) => sum + procCpuSeconds(each), 0)
}

/** Resident memory of a process and its children, in megabytes. */
export function rssMbOf(pid: number): number {
  if (!existsSync('/proc/self/status')) return Number(ps(pid, 'rss')) / 1024
  const kilobytes = treeOf(pid).map((each) => {
    const status = readFileSync(`/proc/${each}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0)
  })
  return kilobytes.reduce((sum, each) => sum + each, 0) / 1024
}

/** `1:02.50` or `2-03:04:05`, as ps prints time, in seconds. */
export function secondsOf(time: string): number {
  const [clock = '', days = '0'] = time.trim().split('-').toReversed()
  return clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) + Number(days) * 86_400
}

// Linux reports in ticks of USER_HZ, which is 100 on every platform Node runs on.
const ticksPerSecond = 100

function procCpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name in parentheses may hold spaces; user and system time are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

function treeOf(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) => {
    const path = `/proc/${pid}/task/${task}/children`
    return existsSync(path) ? readFileSync(path, 'utf8').split(' ').filter(Boolean).map(Number) : []
  })
  return [pid, ...children.flatMap(treeOf)]
}

function ps(pid: number, column: string): string {
  return spawnSync('ps', ['-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8' }).stdout
}
