/** A server the shipped modules expect, and how it is asked whether it is there. */
export interface Need {
  /** What it is, for a sentence. */
  readonly what: string
  readonly url: string
  /** What to do where it does not answer. */
  readonly advice: string
  /** What its answer lacks; undefined: nothing. */
  readonly lacks?: (answer: unknown) => string | undefined
}

export interface Addresses {
  readonly ollama: string
  readonly speech: string
  readonly vision: string
  readonly pictures: string
}

/** The ports the shipped modules name, and VISION_API_BASE. */
export function addressesOf(env: NodeJS.ProcessEnv): Addresses {
  return {
    ollama: 'http://127.0.0.1:11434',
    speech: 'http://127.0.0.1:8000/v1',
    vision: env['VISION_API_BASE'] || 'http://127.0.0.1:8097/v1',
    pictures: 'http://127.0.0.1:7860',
  }
}

/** What has to answer before anything is started. `ollamaModels` as the modules name them. */
export function needsOf(addresses: Addresses, ollamaModels: readonly string[]): Need[] {
  return [
    {
      what: `Ollama with ${ollamaModels.join(' and ')}`,
      url: `${addresses.ollama}/api/tags`,
      advice: 'start it with `ollama serve`',
      lacks: (answer) => missingModels(answer, ollamaModels),
    },
    {
      what: 'a speech server that hears and speaks',
      url: `${addresses.speech}/models`,
      advice: 'start an OpenAI-shaped Whisper server that also has /v1/audio/speech on port 8000',
    },
    {
      what: 'a model that reads pictures',
      url: `${addresses.vision}/models`,
      advice: 'set VISION_API_BASE to an OpenAI-shaped server that reads pictures',
    },
    {
      what: 'Stable Diffusion WebUI',
      url: `${addresses.pictures}/sdapi/v1/options`,
      advice: 'start it with --api on port 7860',
    },
  ]
}

/** A sentence for each need that is not met. */
export async function findMissing(needs: readonly Need[]): Promise<string[]> {
  const answers = await Promise.all(needs.map(ask))
  return answers.filter((sentence) => sentence !== undefined)
}

async function ask({ what, url, advice, lacks }: Need): Promise<string | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(5000) })
    if (!answer.ok) return `${what}: ${url} answers ${answer.status}; ${advice}`
    const lack = lacks?.(await answer.json())
    return lack === undefined ? undefined : `${what}: ${lack}`
  } catch {
    return `${what}: ${url} does not answer; ${advice}`
  }
}

function missingModels(answer: unknown, wanted: readonly string[]): string | undefined {
  const names = JSON.stringify(answer)
  const missing = wanted.filter(
    (name) => !names.includes(`"${name}"`) && !names.includes(`"${name}:latest"`),
  )
  if (missing.length === 0) return undefined
  return `it lacks ${missing.join(', ')}; get ${missing.map((name) => `\`ollama pull ${name}\``).join(', ')}`
}
