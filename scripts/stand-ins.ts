import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { serveRoutes, type Routes } from './stand-ins/serve-routes.ts'
import { ollamaRoutes } from './stand-ins/ollama.ts'
import { openAiRoutes } from './stand-ins/openai.ts'
import { pictureRoutes } from './stand-ins/pictures.ts'
import { speechRoutes } from './stand-ins/speech.ts'

/** The kinds of backend that can be stood in for. */
type StandInName = 'ollama' | 'speech' | 'pictures' | 'openai'

/** Loopback ports by name; 0 or nothing takes a free one. */
export interface StandInOptions extends Partial<Readonly<Record<StandInName, number>>> {
  /** Model names that the lists of models show, beside `demo`. Any name is answered. */
  readonly models?: readonly string[]
}

export interface StandIns {
  /** `http://127.0.0.1:<port>` of each, without `/v1`. */
  readonly addresses: Readonly<Record<StandInName, string>>
  close(): Promise<void>
}

/** Starts demo backends on loopback. Every answer says that it is a demo; no model is behind any. */
export async function startStandIns({
  models = [],
  ...ports
}: StandInOptions = {}): Promise<StandIns> {
  const listed = ['demo', ...new Set(models)]
  const openai = openAiRoutes(listed)
  const tables: Readonly<Record<StandInName, Routes>> = {
    ollama: { ...openai, ...ollamaRoutes(listed) },
    speech: { ...speechRoutes, 'GET /v1/models': openai['GET /v1/models'] },
    pictures: pictureRoutes(listed),
    openai: { ...openai, ...speechRoutes },
  }
  const servers: Server[] = []
  const close = async (): Promise<void> => {
    await Promise.all(servers.map(stop))
  }
  const start = async (name: StandInName): Promise<string> => {
    const server = createServer(serveRoutes(tables[name]))
    servers.push(server)
    return listen(server, name, ports[name] ?? 0)
  }
  try {
    const addresses = {
      ollama: await start('ollama'),
      speech: await start('speech'),
      pictures: await start('pictures'),
      openai: await start('openai'),
    }
    return { addresses, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function listen(server: Server, name: string, port: number): Promise<string> {
  server.listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw new Error(`The stand-in for ${name} cannot listen on port ${port}: is it in use?`, {
      cause,
    })
  }
  const address = server.address()
  if (address === null || typeof address === 'string')
    throw new Error(`The stand-in for ${name} got no port.`)
  return `http://127.0.0.1:${address.port}`
}

async function stop(server: Server): Promise<void> {
  if (!server.listening) return
  await new Promise((resolve) => {
    server.close(resolve)
    server.closeAllConnections()
  })
}
