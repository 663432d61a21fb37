import { chatAsk, opened } from './asks.ts'
import { parseJson, textAt } from '../../scripts/deploy/read-json.ts'

/** How one held stream ended. */
type StreamEnd = { readonly words: number } | { readonly fault: string }

export interface HeldStreams {
  /** Those that have begun, and go on. */
  running(): number
  /** Waits for all of them: each is let go by the upstream, and says how many words it had. */
  ends(): Promise<StreamEnd[]>
}

/** Opens so many streams that go on until the upstream lets them go; each its own connection. */
export function openStreams(base: string, key: string, count: number): HeldStreams {
  let running = 0
  const one = async (): Promise<StreamEnd> => {
    let isCounted = false
    try {
      const ask = chatAsk(key, 'hold', { stream: true })
      const response = await opened(base, ask, { timeoutMs: 60_000 })
      if (response.statusCode !== 200) return { fault: `answered ${response.statusCode}` }
      running += 1
      isCounted = true
      return await readWords(response)
    } catch (error) {
      return { fault: error instanceof Error ? error.message : String(error) }
    } finally {
      if (isCounted) running -= 1
    }
  }
  const all = Promise.all(Array.from({ length: count }, one))
  return { running: () => running, ends: () => all }
}

/** Every word must be the number of those before it, and the end must say how many there were. */
async function readWords(stream: AsyncIterable<unknown>): Promise<StreamEnd> {
  let rest = ''
  let words = 0
  let told: string | undefined
  let isDone = false
  for await (const piece of stream) {
    rest += piece instanceof Uint8Array ? Buffer.from(piece).toString('utf8') : ''
    const frames = rest.split('\n\n')
    rest = frames.pop() ?? ''
    for (const frame of frames) {
      if (!frame.startsWith('data: ')) continue
      if (frame === 'data: [DONE]') {
        isDone = true
        continue
      }
      const content = textAt(parseJson(frame.slice(6)), 'choices', 0, 'delta', 'content')
      if (content === undefined) {
        if (frame.includes('"error"')) return { fault: `after ${words} words: ${frame}` }
        continue
      }
      if (content.startsWith('of ')) told = content
      else if (content === `${words} `) words += 1
      else return { fault: `word ${words} was ${JSON.stringify(content)}` }
    }
  }
  if (!isDone || told !== `of ${words}`)
    return { fault: `ended after ${words} words, without its end` }
  return { words }
}
