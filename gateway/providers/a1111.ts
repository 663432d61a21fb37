import type { PictureRules } from './a1111-images.ts'
import { lazily } from './lazily.ts'
import type { LazyTranslation, Provider } from './provider.ts'
import { textsUnder } from './read-json.ts'

/** Stable Diffusion WebUI in its own dialect, `/sdapi/v1`. */
export const a1111: Provider = {
  name: 'a1111',
  defaultBase: 'http://127.0.0.1:7860',
  baseVariables: ['A1111_API_BASE'],
  keyVariables: ['A1111_API_KEY'],
  isKeyNeeded: false,
  // Started with --api-auth, WebUI wants a name and a password.
  keyHeader: (key) => [
    'authorization',
    key.includes(':') ? `Basic ${Buffer.from(key).toString('base64')}` : `Bearer ${key}`,
  ],
  endpoints: {
    'images-generations': lazily(async () => (await import('./a1111-images.ts')).fromText),
    'images-edits': fromPicture({ isPromptNeeded: true }),
    'images-variations': fromPicture({ isPromptNeeded: false, denoisingStrength: 0.5 }),
  },
  modelList: {
    path: '/sdapi/v1/sd-models',
    namesIn: (answer) => textsUnder('model_name', answer),
  },
}

function fromPicture(rules: PictureRules): LazyTranslation {
  return lazily(async () => (await import('./a1111-images.ts')).fromPicture(rules))
}
