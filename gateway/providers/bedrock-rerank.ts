import { isObject } from '../../modules/json-object.ts'
import { readBedrock } from './bedrock-answers.ts'
import { familyOf, pathOf } from './bedrock-models.ts'
import { unsupported } from './dialect-limits.ts'
import type { Translated } from './provider.ts'
import { isGiven, isList } from './read-json.ts'
import { createRerank } from './rerank.ts'

const ranks = createRerank({
  path: '',
  isNameless: true,
  // It ranks texts and returns none.
  unsayable: [
    {
      field: 'max_chunks_per_doc',
      isAsked: () => true,
      reason: 'Cohere has max_tokens_per_doc instead.',
    },
  ],
})

/** Cohere's rerank over InvokeModel: its own models and Amazon's. */
export const bedrockRerank: Translated = {
  kind: 'translated',
  toUpstream(request, target) {
    const family = familyOf(target)
    if (!/rerank/i.test(family))
      throw unsupported('model', 'texts are ranked by Cohere Rerank and Amazon Rerank.')
    const call = ranks.toUpstream(request, target)
    const version = /cohere\.rerank/i.test(family) ? { api_version: 2 } : {}
    return {
      ...call,
      path: pathOf(target, 'invoke'),
      headers: { accept: 'application/json' },
      body: { ...version, ...(isObject(call.body) && call.body) },
    }
  },
  toAnswer(answer, request) {
    const said = readBedrock(answer, request)
    const { documents } = request.fields
    const units = Math.ceil((isList(documents) ? documents.length : 1) / documentsInUnit)
    // It does not tell what it bills.
    const meta = isGiven(said.meta) ? said.meta : { billed_units: { search_units: units } }
    return ranks.toAnswer({ ...said, meta }, request)
  },
}

const documentsInUnit = 100
