/** What the programs see of ours: the keys in our environment are no business of theirs. */
export const surroundings = {
  cwd: process.platform === 'win32' ? undefined : '/',
  env: { PATH: process.env['PATH'], SystemRoot: process.env['SystemRoot'], LC_ALL: 'C' },
}

/** Where the server writes its log. */
export function logFileOf(dataDir: string): string {
  return `${dataDir}.log`
}

/** SQLSTATE or system error code. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}
