import {
  deployment,
  startGateway,
  until,
  type Config,
  type TestGateway,
} from '../../doubles/gateway.ts'
import { createTestPostgres, type TestDatabase, type TestPostgres } from '../../doubles/postgres.ts'

/** A gateway with a database of its own, and how a test asks its management paths. */
export interface ManagedGateway {
  readonly gateway: TestGateway
  readonly postgres: TestPostgres
  readonly database: TestDatabase
  /** Asks with the master key, or with another. */
  ask(path: string, body?: unknown, key?: string): Promise<Told>
  close(): Promise<void>
}

export interface Told {
  readonly status: number
  readonly body: Record<string, unknown>
  /** `error.message` of a refusal. */
  readonly message: string
  readonly code: unknown
  readonly param: unknown
}

export const saltKey = 'a salt key for tests, and for nothing else'

const upstream = 'http://127.0.0.1:9'

/** `POST` where there is a body, else `GET`. */
export async function startManaged(
  config: Config = twoModels,
  env: Readonly<Record<string, string>> = {},
): Promise<ManagedGateway> {
  const postgres = await createTestPostgres()
  const database = await postgres.createDatabase()
  const gateway = await startGateway({
    config,
    env: { DATABASE_URL: database.url, SALT_KEY: saltKey, ...env },
  })
  await until(async () => {
    const readiness: unknown = await (await gateway.get('/health/readiness')).json()
    return Reflect.get(Object(readiness), 'db') === 'connected'
  })
  return {
    gateway,
    postgres,
    database,
    async ask(path, body, key = gateway.key) {
      const headers = { authorization: `Bearer ${key}` }
      const answer =
        body === undefined
          ? await gateway.get(path, headers)
          : await gateway.post(path, body, headers)
      return toldBy(answer)
    },
    async close() {
      await gateway.close()
      await postgres.remove()
    },
  }
}

export const twoModels = {
  module: 'llm',
  model_list: [deployment('gpt-4o', upstream), deployment('qwen', upstream)],
}

async function toldBy(answer: Response): Promise<Told> {
  const body: unknown = await answer.json()
  const error: unknown = Reflect.get(Object(body), 'error')
  return {
    status: answer.status,
    body: isRecord(body) ? body : {},
    message: String(Reflect.get(Object(error), 'message') ?? ''),
    code: Reflect.get(Object(error), 'code'),
    param: Reflect.get(Object(error), 'param'),
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
