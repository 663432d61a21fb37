import type { UpstreamError } from './read-upstream-error.ts'

/** The two refusals after which another model may still take the request. */
export type RefusalKind = 'context_length_exceeded' | 'content_policy_violation'

interface Signs {
  /** Codes and types, lower case. */
  readonly words: ReadonlySet<string>
  /** Anything they say, one alternative a line. */
  readonly phrases: RegExp
  readonly statuses: ReadonlySet<number>
}

const contextWindow: Signs = {
  words: new Set([
    'context_length_exceeded', // OpenAI, Azure, Groq, Cerebras
    'exceed_context_size_error', // llama.cpp
    'context_window_exceeded',
    'model_context_window_exceeded',
  ]),
  phrases: anyOf([
    // OpenAI, vLLM, Mistral, OpenRouter, DeepSeek, TensorRT; "longer than the model's context length": SGLang
    "maximum (?:context|model|sequence|prompt) length|model's (?:maximum )?context (?:length|window)",
    'exceeds? the (?:available )?context (?:size|window|length)', // llama.cpp, Ollama
    'exceeds? (?:the )?maximum context length|context size has been exceeded', // Ollama, llama.cpp
    'exceeds? the context (?:length|window)|exceed context limit', // OpenAI's responses; Anthropic
    'prompt is too long|input is too long for requested model|prompt exceeds max length',
    'input is too large to process', // llama.cpp embeddings
    'tokens to keep from the initial prompt|keep the first \\d+ tokens when context', // LM Studio
    'reached context length of \\d+ tokens', // LM Studio
    '`inputs` tokens \\+ `max_new_tokens` must be|`inputs` must have less than \\d+ tokens', // TGI, TEI
    'input token count.{0,40}exceeds the maximum number of tokens', // Gemini
    'input token count is .{0,40}model only supports', // Vertex
    'too many tokens: total number of tokens|too many input tokens', // Cohere, Bedrock
    'input tokens exceeded', // Nova
    'reduce the length of the (?:messages|prompt|input)|reduce your message size', // Groq
    'exceeded model token limit|range of input length should be', // Moonshot, DashScope
  ]),
  statuses: new Set([400, 413, 422, 500]),
}

const contentPolicy: Signs = {
  words: new Set([
    'content_policy_violation', // OpenAI
    'content_filter', // Azure, Moonshot
    'contentfilter',
    'responsibleaipolicyviolation', // Azure, inside
    'moderation_blocked', // OpenAI images
    'data_inspection_failed', // DashScope
    'prohibited_content', // Gemini
    'content_moderation',
    'content_against_policy', // ElevenLabs
  ]),
  phrases: anyOf([
    "content management policy|content filter(?:ing)? policy|by (?:azure openai's )?content filter", // Azure, Anthropic
    'rejected as a result of our safety system|rejected by (?:the|our) (?:safety|moderation) system', // OpenAI images
    'flagged as potentially violating|violat\\w+ (?:our|the) (?:usage|content) polic', // OpenAI
    'your input was flagged|requires moderation on', // OpenRouter
    'content violates usage guidelines', // xAI
    'content exists risk|considered high risk|inappropriate content', // DeepSeek, Moonshot, DashScope
    "violate google's responsible ai|blocked (?:by|due to) safety", // Vertex
    'blocked by our content filters', // Bedrock's pictures
  ]),
  statuses: new Set([400, 403, 422, 451]),
}

/** Recognises an upstream's refusal of a prompt that is too long, or that its rules forbid. */
export function refusalKindOf(status: number, said: UpstreamError): RefusalKind | undefined {
  if (isShown(contextWindow, status, said)) return 'context_length_exceeded'
  return isShown(contentPolicy, status, said) ? 'content_policy_violation' : undefined
}

function isShown(
  { words, phrases, statuses }: Signs,
  status: number,
  said: UpstreamError,
): boolean {
  if (!statuses.has(status)) return false
  const spoken = [said.code, said.type, said.innerCode]
  return (
    spoken.some((word) => word !== null && words.has(word.toLowerCase())) ||
    phrases.test(said.message)
  )
}

function anyOf(alternatives: readonly string[]): RegExp {
  return new RegExp(alternatives.join('|'), 'i')
}
