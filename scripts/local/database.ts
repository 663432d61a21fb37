import { EmbeddedDatabase } from './embedded-database.ts'

/** The database of a local fleet. */
export interface LocalDatabase {
  /** As a sentence. */
  readonly usageGoes: string
  /** What a module connects to; undefined: it does without. */
  urlFor(module: string): string | undefined
  /** Makes sure that these modules may log in. */
  admit(modules: readonly string[]): Promise<void>
  /** Starts it again where it has died; true where it had to, and its address may be another. */
  heal(): Promise<boolean>
  stop(): Promise<void>
}

export interface DatabaseOptions {
  readonly root: string
  readonly stateDir: string
  /** A value of the environment or of `.env`. */
  readonly findVariable: (name: string) => string | undefined
  readonly say: (line: string) => void
}

/** A Postgres of the user's own where DATABASE_URL names one, else the embedded one, else none. */
export async function startDatabase(
  options: DatabaseOptions,
  modules: readonly string[],
): Promise<LocalDatabase> {
  const url = options.findVariable('DATABASE_URL')
  if (url !== undefined) return withoutServer('Usage goes to the Postgres of DATABASE_URL.', url)
  let database: EmbeddedDatabase | undefined
  try {
    database = await EmbeddedDatabase.start(options)
    await database.admit(modules)
    return database
  } catch (error) {
    await database?.stop()
    options.say(error instanceof Error ? error.message : String(error))
    options.say('Going on without Postgres: usage is not recorded until there is one.')
    return withoutServer('Usage is not recorded: there is no Postgres.', undefined)
  }
}

const nothing = () => Promise.resolve()
const unhurt = () => Promise.resolve(false)

function withoutServer(usageGoes: string, url: string | undefined): LocalDatabase {
  return { usageGoes, urlFor: () => url, admit: nothing, heal: unhurt, stop: nothing }
}
