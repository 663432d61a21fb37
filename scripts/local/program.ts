import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { imageTag } from '../../infra/image-tag.ts'

/**
 * Path of the gateway's program, bundled from the sources as they are now, as an image has it. It is made when it is
 * missing, and those of other sources go: nothing else runs from this folder.
 */
export async function ensureProgram(root: string, stateDir: string): Promise<string> {
  const all = join(stateDir, '.program')
  const tag = imageTag(root)
  const folder = join(all, tag)
  if (!existsSync(folder)) {
    rmSync(all, { recursive: true, force: true })
    // Loaded only where it is needed: at the first start, and after a change of the code.
    const { bundleGateway } = await import('../image/bundle.ts')
    const half = join(all, 'half')
    await bundleGateway(root, half)
    renameSync(half, folder)
  }
  return join(folder, 'main.mjs')
}
