import { drawDemo } from './png.ts'
import { fieldText } from './words.ts'
import { sendJson, type Route, type Routes } from './serve-routes.ts'

const largest = 1024

/** Stable Diffusion WebUI's paths. */
export function pictureRoutes(models: readonly string[]): Routes {
  const listed = models.map((name) => ({
    title: name,
    model_name: name,
    hash: null,
    filename: 'demo',
  }))
  return {
    'POST /sdapi/v1/txt2img': draw,
    'POST /sdapi/v1/img2img': draw,
    'GET /sdapi/v1/sd-models': (_asked, response) => sendJson(response, listed),
    'GET /sdapi/v1/options': (_asked, response) =>
      sendJson(response, { sd_model_checkpoint: 'demo' }),
  }
}

const draw: Route = ({ fields }, response) => {
  const prompt = fieldText(fields.prompt)
  const count = Math.min(
    Math.max(Number(fields.n_iter ?? 1) * Number(fields.batch_size ?? 1) || 1, 1),
    10,
  )
  const images = Array.from({ length: count }, (_, index) =>
    drawDemo(`${prompt} ${index}`, side(fields.width), side(fields.height)).toString('base64'),
  )
  const info = JSON.stringify({ prompt, sd_model_name: 'demo', infotexts: ['demo'] })
  sendJson(response, { images, parameters: {}, info })
}

function side(asked: unknown): number {
  const pixels = Math.floor(Number(asked ?? 512))
  return pixels >= 1 ? Math.min(pixels, largest) : 512
}
