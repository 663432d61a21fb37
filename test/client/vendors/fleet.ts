import {
  answerJson,
  createFakeUpstream,
  streamBytes,
  type Behaviour,
} from '../../doubles/fake-upstream.ts'
import { anthropic } from './anthropic.ts'
import { cohere } from './cohere.ts'
import { embed } from './embedding.ts'
import { gemini } from './gemini.ts'
import { statusAsked, think } from './mind.ts'
import { ollama } from './ollama.ts'
import { openai } from './openai.ts'
import type { Vendor } from './vendor.ts'

const vendors: readonly Vendor[] = [openai, anthropic, gemini, cohere, ollama]

/** The model names behind the gateway, one a vendor. */
export const models: readonly string[] = vendors.map(({ name }) => name)
export const embeddingModels: readonly string[] = vendors
  .filter(({ embedding }) => embedding !== undefined)
  .map(({ name }) => name)

/** What may go wrong has a deployment of its own, so that it hurts no other: `claude-429`. */
const faults = ['', '-400', '-429', '-500', '-cut']

export interface VendorFleet {
  /** A module's document with every vendor's models. */
  readonly config: Record<string, unknown>
  close(): Promise<void>
}

/** Scripted servers, one a vendor's dialect. */
export async function startVendors(): Promise<VendorFleet> {
  const running = await Promise.all(
    vendors.map(async (vendor) => ({ vendor, upstream: await createFakeUpstream(behave(vendor)) })),
  )
  return {
    config: {
      model_list: running.flatMap(({ vendor, upstream }) =>
        faults.map((fault) => ({
          model_name: vendor.name + fault,
          litellm_params: vendor.paramsAt(upstream.url),
        })),
      ),
      router_settings: { num_retries: 0, allowed_fails: 1000 },
    },
    close: async () => {
      await Promise.all(running.map(({ upstream }) => upstream.close()))
    },
  }
}

function behave(vendor: Vendor): Behaviour {
  return (request, response) => {
    const body: unknown = JSON.parse(request.body.toString())
    const { embedding } = vendor
    if (embedding?.path.test(request.path) === true)
      return answerJson(embed(embedding, body))(request, response)
    const asked = vendor.read(body, request.path)
    const status = statusAsked(asked)
    if (status !== undefined)
      return answerJson(vendor.error(status, `No, says ${status}.`), status)(request, response)
    const said = think(asked)
    const isStream = asked.isStream || said.isFailing
    return isStream
      ? streamBytes(vendor.frames(said), { contentType: vendor.streamType })(request, response)
      : answerJson(vendor.answer(said))(request, response)
  }
}
