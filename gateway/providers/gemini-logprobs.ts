import { isObject } from '../../modules/json-object.ts'
import { isList, textOf, type JsonObject } from './read-json.ts'

/** OpenAI's `logprobs` of a choice from Gemini's `logprobsResult`; null where it tells none. */
export function logprobsOf(candidate: JsonObject): JsonObject | null {
  const result = candidate.logprobsResult
  if (!isObject(result) || !isList(result.chosenCandidates)) return null
  const tops = isList(result.topCandidates) ? result.topCandidates : []
  const content = result.chosenCandidates.map((chosen, index) => {
    const top = tops[index]
    const others = isObject(top) && isList(top.candidates) ? top.candidates : []
    return { ...likelihood(chosen), top_logprobs: others.map(likelihood) }
  })
  return { content, refusal: null }
}

function likelihood(candidate: unknown): JsonObject {
  const told = isObject(candidate) ? candidate : {}
  const token = textOf(told.token) ?? ''
  const { logProbability: logprob } = told
  return {
    token,
    logprob: typeof logprob === 'number' ? logprob : 0,
    bytes: [...Buffer.from(token)],
  }
}
