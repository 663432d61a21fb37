import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findBuilder } from '../image/builders.ts'
import type { Builder, BuilderName } from '../image/builders.ts'
import type { Cluster } from './cluster.ts'
import { StepError } from './command.ts'
import type { Run } from './command.ts'
import { planLoad } from './load-plan.ts'

export interface ImageWish {
  readonly root: string
  readonly tag: string
  readonly builder?: BuilderName
  readonly base?: string
}

/** Builds the image unless the builder has it already: its tag is a hash of what is in it. */
export async function buildImage(
  run: Run,
  { root, tag, builder: wanted, base }: ImageWish,
): Promise<{ builder: Builder; words: string }> {
  const { builder, passed } = findBuilder(process.env, wanted)
  if (builder === undefined)
    throw new StepError(
      ['npm', 'run', 'image'],
      passed
        .filter(({ isInstalled }) => isInstalled)
        .map(({ name, reason }) => `${name}: ${reason}`)
        .join('\n'),
      [
        'Install docker, podman, buildah or nerdctl, or start the one you have, and run it again.',
        `Or bring ${tag} to the cluster yourself (npm run image -- --context <folder> writes what to build) and say: npm run deploy -- --no-load`,
      ],
    )
  if (base === undefined && (await isBuilt(run, builder, tag)))
    return { builder, words: `${tag}, there already (${builder.name})` }
  const command = [
    process.execPath,
    join(root, 'scripts', 'image.ts'),
    '--builder',
    builder.name,
    ...(base === undefined ? [] : ['--base', base]),
  ]
  const said = await run(command, { cwd: root })
  if (said.status !== 0)
    throw new StepError(
      ['npm', 'run', 'image', '--', '--builder', builder.name],
      said.stdout + said.stderr,
      [
        'Where the base image cannot be pulled, name one that is here: npm run deploy -- --base <image with Node 24>',
        'Another tool builds it with: npm run deploy -- --builder <docker|podman|buildah|nerdctl|minikube>',
      ],
    )
  return { builder, words: `${tag}, by ${builder.name}` }
}

async function isBuilt(run: Run, builder: Builder, tag: string): Promise<boolean> {
  const command = builder.size?.(tag)
  if (command === undefined) return false
  const said = await run(command, { timeoutMs: 20_000 })
  return said.status === 0 && said.stdout.trim() !== ''
}

/** Brings the image into the cluster, and says how. */
export async function loadImage(
  run: Run,
  { cluster, builder, tag }: { cluster: Cluster; builder: BuilderName; tag: string },
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'colonnade-load-'))
  try {
    const plan = planLoad({ cluster, builder, tag, archive: join(folder, 'colonnade.tar') })
    if ('fault' in plan) throw new StepError(['loading the image'], plan.fault, plan.advice)
    for (const command of plan.commands) {
      const said = await run(command)
      if (said.status !== 0)
        throw new StepError(command, said.stderr || said.stdout, adviceOn(command, cluster))
    }
    return plan.how
  } finally {
    if (existsSync(folder)) rmSync(folder, { recursive: true })
  }
}

function adviceOn([program = '']: readonly string[], cluster: Cluster): string[] {
  const root = ['It needs root: run it again with sudo -E.']
  const byProgram: Readonly<Record<string, readonly string[]>> = {
    ctr: [
      ...root,
      'Where containerd listens elsewhere, say so: CONTAINERD_ADDRESS=/path/to/containerd.sock npm run deploy',
    ],
    k3s: root,
    minikube: ['minikube status says whether the profile runs.'],
    kind: [
      'Install kind, or bring the image to the nodes yourself and say: npm run deploy -- --no-load',
    ],
    k3d: [
      'Install k3d, or bring the image to the nodes yourself and say: npm run deploy -- --no-load',
    ],
  }
  return [
    ...(byProgram[program] ?? [
      cluster.kind === 'remote'
        ? 'Log in to the registry first, and see that this account may push there.'
        : `See what ${program} says above.`,
    ]),
  ]
}
