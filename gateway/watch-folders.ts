import { watch, type FSWatcher } from 'node:fs'

const settleMs = 100
const pollMs = 2_000

/**
 * Calls when something in these folders may have changed: by events where the system gives them, and every two
 * seconds, which finds what gives none. Gives the end of it.
 */
export function watchFolders(folders: Iterable<string>, onChange: () => void): () => void {
  let settling: NodeJS.Timeout | undefined
  const onEvent = (): void => {
    clearTimeout(settling)
    // A file that is being written tells of itself several times.
    settling = setTimeout(onChange, settleMs)
  }
  const watchers = [...new Set(folders)].flatMap((folder) => watchFolder(folder, onEvent))
  const poll = setInterval(onChange, pollMs).unref()
  return () => {
    clearInterval(poll)
    clearTimeout(settling)
    for (const watcher of watchers) watcher.close()
  }
}

function watchFolder(folder: string, onEvent: () => void): FSWatcher[] {
  try {
    const watcher = watch(folder, onEvent).unref()
    watcher.on('error', () => watcher.close())
    return [watcher]
  } catch {
    // No such folder yet, or no inotify left: the poll finds what changes.
    return []
  }
}
