import type { FakeUpstream } from '../doubles/fake-upstream.ts'

export interface SentForm {
  readonly fields: Readonly<Record<string, string[]>>
  readonly files: readonly {
    readonly field: string
    readonly name: string
    readonly bytes: Buffer
  }[]
}

/** The form an upstream was sent, read by another parser than the gateway's. */
export async function readSentForm(
  seen: FakeUpstream['requests'][number] | undefined,
): Promise<SentForm> {
  const type = seen?.headers['content-type'] ?? ''
  const body = new Uint8Array(seen?.body ?? [])
  const form = await new Response(body, { headers: { 'content-type': type } }).formData()
  const fields: Record<string, string[]> = {}
  const files: { field: string; name: string; bytes: Buffer }[] = []
  for (const [field, value] of form) {
    if (typeof value === 'string') fields[field] = [...(fields[field] ?? []), value]
    else files.push({ field, name: value.name, bytes: Buffer.from(await value.arrayBuffer()) })
  }
  return { fields, files }
}
