import { sendBytes, sendJson, type Asked, type Route, type Routes } from './serve-routes.ts'
import { demoTone } from './wav.ts'

/** A Whisper server's paths, and speech. */
export const speechRoutes: Routes = {
  'POST /v1/audio/transcriptions': hear('transcription'),
  'POST /v1/audio/translations': hear('translation'),
  'POST /v1/audio/speech': (_asked, response) => sendBytes(response, demoTone(), 'audio/wav'),
}

function hear(what: string): Route {
  return async (asked, response) => {
    const form = await formOf(asked)
    const file = form?.get('file')
    if (!(file instanceof File)) {
      sendJson(
        response,
        { error: { message: 'demo: the form field file is missing', param: 'file' } },
        400,
      )
      return
    }
    const text = `This is a demo ${what} of ${file.name} (${file.size} bytes); nobody listened.`
    const format = form?.get('response_format') ?? 'json'
    if (format === 'text')
      sendBytes(response, Buffer.from(`${text}\n`), 'text/plain; charset=utf-8')
    else if (format === 'srt')
      sendBytes(response, Buffer.from(`1\n00:00:00,000 --> 00:00:01,000\n${text}\n`), 'text/plain')
    else if (format === 'vtt')
      sendBytes(response, Buffer.from(`WEBVTT\n\n00:00.000 --> 00:01.000\n${text}\n`), 'text/vtt')
    else if (format === 'verbose_json') sendJson(response, verbose(text, what))
    else sendJson(response, { text })
  }
}

function verbose(text: string, what: string): unknown {
  const segments = [
    { id: 0, seek: 0, start: 0, end: 1, text, tokens: [], temperature: 0, avg_logprob: 0 },
  ]
  return { task: what, language: 'english', duration: 1, text, segments, model: 'demo' }
}

async function formOf({ bytes, contentType }: Asked): Promise<FormData | undefined> {
  try {
    const headers = { 'content-type': contentType }
    return await new Response(new Uint8Array(bytes), { headers }).formData()
  } catch {
    return undefined
  }
}
