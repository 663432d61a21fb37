/** Whether a model is Anthropic's, which speaks its own dialect at Vertex AI too. */
export function isClaude(model: string): boolean {
  return /^claude/i.test(model)
}
