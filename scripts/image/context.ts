import { chmodSync, copyFileSync, lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { bundleGateway } from './bundle.ts'

/** Writes the folder the image is built from: the bundled gateway and its Dockerfile. */
export async function writeContext(root: string, context: string): Promise<void> {
  await bundleGateway(root, join(context, 'gateway'))
  copyFileSync(join(root, 'gateway', 'Dockerfile'), join(context, 'Dockerfile'))
  openForReading(context)
}

/** The image's user is neither the owner nor in the group of these files. */
function openForReading(path: string): void {
  const stat = lstatSync(path)
  if (stat.isSymbolicLink()) return
  chmodSync(path, stat.isDirectory() ? 0o755 : 0o644)
  if (!stat.isDirectory()) return
  for (const name of readdirSync(path)) openForReading(join(path, name))
}
