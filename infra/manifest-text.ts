/** How every generated file begins; what begins otherwise was put there by hand and is left alone. */
export const banner = '# Made by `npm run synth`'

/** Text that no YAML reader takes for anything else: words, paths, flags, quantities. */
const plain = /^(?:-{0,2}[A-Za-z]|\/|__)[\w./@%+=-]*(?::[\w./@%+=-]+)*$|^\d+(?:m|[KMGT]i|[sd])$/

/** But for these, which are not text to a YAML 1.1 or 1.2 reader. */
const ambiguous = /^(?:y|n|yes|no|on|off|true|false|null|nan|-?(?:inf|e[-+]?\d).*)$/i

// JSON leaves these as they are, YAML does not take them.
const unprintable = /[\x7F-\x9F\u2028\u2029\uFEFF\uFFFE\uFFFF]/g

/** An object as a YAML file: what it was made from, keys in order, LF, the same bytes every time. */
export function toManifestText(object: unknown, source = 'modules/ and platform.yaml'): string {
  return `${banner} from ${source}, which is what to edit.\n${block(object, '').slice(1)}`
}

// Written by hand because a general YAML writer takes most of the time of a synth of 500 modules.
function block(value: unknown, indent: string): string {
  if (Array.isArray(value)) return value.length === 0 ? ' []\n' : items(value, indent)
  if (typeof value === 'object' && value !== null) return fields(value, indent)
  if (typeof value === 'string') return ` ${text(value, indent)}\n`
  return ` ${String(value)}\n`
}

function items(values: readonly unknown[], indent: string): string {
  const lines = values.map((value) => {
    const below = block(value, `${indent}  `)
    return `${indent}-${below.startsWith('\n') ? ` ${below.slice(indent.length + 3)}` : below}`
  })
  return `\n${lines.join('')}`
}

function fields(value: object, indent: string): string {
  const present = Object.entries(value).filter(([, field]) => field !== undefined)
  if (present.length === 0) return ' {}\n'
  const lines = present
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, field]) => {
      // A list may stand as deep as its key.
      const deeper = Array.isArray(field) ? indent : `${indent}  `
      return `${indent}${scalar(name)}:${block(field, deeper)}`
    })
  return `\n${lines.join('')}`
}

function text(value: string, indent: string): string {
  return isLiteral(value) ? literal(value, indent) : scalar(value)
}

function scalar(value: string): string {
  if (plain.test(value) && !ambiguous.test(value)) return value
  return JSON.stringify(value).replaceAll(unprintable, escape)
}

function escape(sign: string): string {
  return `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Whether the text reads as lines: printable, and not indented at its beginning. */
function isLiteral(value: string): boolean {
  return /^[^\s][^]*\n/.test(value) && /^[\n\x20-\x7E\u00A1-\uD7FF\uE000-\uFDFF]*$/.test(value)
}

function literal(value: string, indent: string): string {
  const trimmed = value.replace(/\n+$/, '')
  const chomping = { 0: '-', 1: '' }[value.length - trimmed.length] ?? '+'
  const kept = chomping === '+' ? value.slice(0, -1) : trimmed
  const lines = kept.split('\n').map((line) => (line === '' ? '' : `${indent}${line}`))
  return `|${chomping}\n${lines.join('\n')}`
}
