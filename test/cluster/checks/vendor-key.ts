import { join } from 'node:path'
import { parseJson, textAt } from '../../../scripts/deploy/read-json.ts'
import { chatAsk, send } from '../asks.ts'
import { expect } from '../check.ts'
import type { Check, Stage } from '../check.ts'
import { mountedWithinS } from '../documents.ts'
import { vendorKey } from '../fleet-folder.ts'
import { since, until } from '../patience.ts'

const second = 'the-second-key'
/** On connections of their own: no replica of two is missed by that many. */
const asks = 24

/** A vendor's key that is changed past `.env`. */
export const vendorKeyChecks: readonly Check[] = [
  {
    group: 'keys',
    what: 'a vendor key patched into a Secret reaches the vendor without a restart, and the next apply sets it back',
    run: async (stage) => {
      const { kubectl, subject, fleet } = stage
      const pods = await podsAndRestarts(stage)
      const first = (await keysSeen(stage)).join()
      expect(first === vendorKey.value, `the upstream was shown ${first}`)
      const secret = `secret/${subject.name}-keys`
      const startedAt = performance.now()
      await kubectl.merge(secret, { stringData: { [vendorKey.name]: second } })
      await until(
        'every replica shows the vendor the new key',
        async () => (await keysSeen(stage)).join() === second,
        { seconds: mountedWithinS },
      )
      const took = since(startedAt)
      const after = await podsAndRestarts(stage)
      expect(after === pods, `pods and restarts were ${pods}, are ${after}`)
      await kubectl.do(['apply', '--kustomize', join(fleet.folder, 'secrets')])
      const kept = textAt(await kubectl.json('get', secret), 'data', vendorKey.name)
      expect(
        Buffer.from(kept ?? '', 'base64').toString('utf8') === vendorKey.value,
        'the apply left the patched key',
      )
      return `the upstream sees it from all replicas after ${took}; the same pods, 0 restarts; set back by an apply`
    },
  },
]

/** Every key that the upstream was shown, by as many requests as reach every replica. */
async function keysSeen({ host, subject }: Stage): Promise<string[]> {
  const base = `http://${await host()}:${subject.nodePort}`
  const ask = chatAsk(subject.key, 'which key', { model: vendorKey.model })
  const answers = await Promise.all(Array.from({ length: asks }, () => send(base, ask)))
  const seen = answers.map(({ status, text }) => {
    const content = textAt(parseJson(text), 'choices', 0, 'message', 'content')
    return content?.replace(/^Bearer /, '') ?? `${status} ${text.slice(0, 160)}`
  })
  return [...new Set(seen)]
}

async function podsAndRestarts({ kubectl, subject }: Stage): Promise<string> {
  const pods = await kubectl.standing(subject.name)
  return pods.map(({ name, restarts }) => `${name} ${restarts}`).join(', ')
}
