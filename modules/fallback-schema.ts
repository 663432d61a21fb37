import { either, listOf, mapOf, text } from './schema-parts.ts'

const modelName = text({ description: '', expected: 'the name of a model' })

const models = either([listOf(modelName, { description: '' }), modelName], {
  description: '',
  expected: 'a list of model names',
})

const chains = mapOf(models, { description: '', expected: 'a model and those tried after it' })

/** `[{a: [b, c]}]`, as LiteLLM has it; a plain mapping means the same. */
export const fallbacksSchema = (description: string) =>
  either([listOf(chains, { description: '' }), chains], {
    description,
    expected: 'a list such as [{a: [b, c]}]',
  })

/** Names of models, tried in order. */
export const modelNamesSchema = (description: string) =>
  listOf(modelName, { description, expected: 'a list of model names' })
