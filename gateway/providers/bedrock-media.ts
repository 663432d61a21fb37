import { unsupported } from './dialect-limits.ts'

/** What a file is to Converse. */
export interface Media {
  readonly kind: 'image' | 'video' | 'document'
  readonly format: string
}

const kinds: Readonly<Record<Media['kind'], readonly string[]>> = {
  image: ['png', 'jpeg', 'gif', 'webp'],
  video: ['mp4', 'mov', 'mkv', 'webm', 'flv', 'mpeg', 'mpg', 'wmv', 'three_gp'],
  document: ['pdf', 'csv', 'doc', 'docx', 'xls', 'xlsx', 'html', 'txt', 'md'],
}
const known = new Map<string, Media>(
  (['image', 'video', 'document'] as const).flatMap((kind) =>
    kinds[kind].map((format) => [format, { kind, format }] as const),
  ),
)

/** Formats by what media types and endings call them. */
const others: Readonly<Record<string, string>> = {
  jpg: 'jpeg',
  plain: 'txt',
  markdown: 'md',
  'x-markdown': 'md',
  msword: 'doc',
  'vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'vnd.ms-excel': 'xls',
  'vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
  quicktime: 'mov',
  'x-matroska': 'mkv',
  'x-flv': 'flv',
  'x-ms-wmv': 'wmv',
  '3gpp': 'three_gp',
  '3gp': 'three_gp',
}

/** What a media type, or the ending of a file's name, means to Converse. */
export function formatOf(type: string, path: string): Media {
  const word = type.toLowerCase().replace(/^[\w-]+\//, '')
  const media = known.get((Object.hasOwn(others, word) && others[word]) || word)
  if (media) return media
  // Source code and the like is text to read, whatever it is called.
  if (/^text\//i.test(type)) return { kind: 'document', format: 'txt' }
  throw unsupported(
    path,
    'Bedrock takes PNG, JPEG, GIF and WebP, films, and documents as PDF, CSV, Word, Excel, HTML, Markdown or text.',
  )
}

const longestTitle = 100

/** A name for a document as Bedrock takes it, which no other document of the request has. */
export function documentTitle(fileName: string | undefined, taken: Set<string>): string {
  const bare = (fileName ?? '').replace(/^.*\//, '').replace(/\.\w+$/, '')
  const title =
    bare
      .replaceAll(/[^A-Za-z0-9\s()[\]-]/g, '-')
      .replaceAll(/\s+/g, ' ')
      .trim()
      .slice(0, longestTitle) || 'document'
  let own = title
  for (let count = 2; taken.has(own); count += 1) own = `${title} (${count})`
  taken.add(own)
  return own
}
