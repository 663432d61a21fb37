const reserved: readonly string[] = [
  'shared',
  'postgres',
  'prometheus',
  'secrets',
  'front',
  'console',
]

/** What is wrong with a module's name; undefined: nothing. */
export function faultOfName(name: string): string | undefined {
  if (reserved.includes(name)) {
    return `expected another module name, found ${name}, which the platform uses itself: rename the file`
  }
  if (name.length <= 40 && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name)) return undefined
  const shown = JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name)
  return `expected a module name of at most 40 letters a-z, digits and dashes, found ${shown}: rename the file`
}
