import type { Asked, Said } from './vendor.ts'

/** The status the caller's words want to see: `Fail with 429.` */
export function statusAsked({ words }: Asked): number | undefined {
  const status = /fail with (\d{3})/i.exec(words)?.[1]
  return status === undefined ? undefined : Number(status)
}

/** What every scripted model says: calls tools once, repeats what they answered, and tells of pictures. */
export function think(asked: Asked): Said {
  const { words, results, pictures, hasSchema, toolNames } = asked
  const isFailing = /break off/i.test(words)
  const said = { texts: [], calls: [], isFailing }
  if (results.length > 0) return { ...said, texts: ['The tools ', `said: ${results.join('; ')}`] }
  if (asked.isCallWritten)
    return { ...said, texts: ['{"name":"weather",', `"arguments":${place}}`] }
  if (hasSchema) return { ...said, texts: ['{"city":', '"Paris"}'] }
  if (pictures.length > 0) return { ...said, texts: ['I see ', pictures.join(' and ')] }
  const [name] = toolNames
  if (name !== undefined) return { ...said, calls: callsFor(name, words) }
  return { ...said, texts: ['Grüße ', '😀 aus ', 'Paris.'] }
}

const place = '{"city":"Paris"}'

function callsFor(name: string, words: string): Said['calls'] {
  const cities = /\bboth\b/i.test(words) ? ['Paris', 'Łódź'] : ['Paris']
  return cities.map((city) => ({ name, args: { city } }))
}
