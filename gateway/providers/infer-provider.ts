/** Whose models begin like this, in the order they are looked through. */
const families: readonly (readonly [RegExp, string])[] = [
  [/^(gemini-|text-embedding-00\d)/, 'gemini'],
  [
    /^((ft:)?(gpt|chatgpt|codex|davinci|babbage)|o[1-9](-|$)|computer-use|text-embedding|text-moderation|omni-moderation|dall-e|whisper|tts|sora)/,
    'openai',
  ],
  [/^claude-/, 'anthropic'],
  [
    /^((us|eu|apac|jp|au|ca|us-gov|global)\.)?(ai21|amazon|anthropic|cohere|deepseek|meta|mistral|openai|qwen|stability|writer)\.[a-z]/,
    'bedrock',
  ],
  [/^(command(-|$)|c4ai-|embed-(english|multilingual|v\d))/, 'cohere'],
]

/** The provider whose models have such names; undefined: nobody's that is known. */
export function inferProvider(model: string): string | undefined {
  return families.find(([names]) => names.test(model))?.[1]
}
