import { appendFileSync, chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cluster } from '../../scripts/deploy/cluster.ts'
import type { Run } from '../../scripts/deploy/command.ts'
import { lastLines } from '../../scripts/deploy/command.ts'
import { loadImage } from '../../scripts/deploy/image.ts'
import { findBuilder } from '../../scripts/image/builders.ts'
import { writeContext } from '../../scripts/image/context.ts'
import { NotShown } from './check.ts'

/** What an image of the tests adds to the gateway's. */
export interface Addition {
  /** Behind the gateway's own tag. */
  readonly suffix: string
  readonly dockerfile: readonly string[]
  /** What the Dockerfile copies, by name. */
  readonly files?: Readonly<Record<string, string>>
}

/** The same gateway, with one label on top. */
export const nextImage: Addition = {
  suffix: 'next',
  dockerfile: ['LABEL colonnade.made-by=test-cluster'],
}

/** Builds the gateway's image with something added, and brings it to the cluster under a tag of its own. */
export async function bringAddition(
  run: Run,
  { root, cluster, image }: { root: string; cluster: Cluster; image: string },
  { suffix, dockerfile, files = {} }: Addition,
): Promise<string> {
  if (image.includes('@')) throw new NotShown(`${image} is a digest, which has no second tag`)
  const { builder } = findBuilder(process.env)
  if (builder === undefined) throw new NotShown('no tool that builds images is here')
  const tag = `${image}-${suffix}`
  const context = mkdtempSync(join(tmpdir(), 'colonnade-addition-'))
  try {
    await writeContext(root, context)
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(context, name), text)
      chmodSync(join(context, name), 0o755)
    }
    appendFileSync(join(context, 'Dockerfile'), `\n${dockerfile.join('\n')}\n`)
    const said = await run(builder.build({ tag, context, base: undefined }))
    if (said.status !== 0)
      throw new NotShown(
        `${builder.name} does not build ${tag}: ${lastLines(said.stderr, 1).join('')}`,
      )
  } finally {
    rmSync(context, { recursive: true, force: true })
  }
  await loadImage(run, { cluster, builder: builder.name, tag })
  return tag
}
