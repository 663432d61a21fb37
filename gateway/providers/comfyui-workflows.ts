import type { JsonObject } from './read-json.ts'

interface Kind {
  /** From a picture, not from noise alone. */
  readonly hasPicture: boolean
  /** Only what a mask leaves open is drawn. */
  readonly hasMask: boolean
}

const node = (class_type: string, inputs: JsonObject): JsonObject => ({ class_type, inputs })

/** What is drawn by where a deployment brings no workflow: Stable Diffusion, out of a checkpoint by the model's name. */
export function plainWorkflow({ hasPicture, hasMask }: Kind): JsonObject {
  return {
    checkpoint: node('CheckpointLoaderSimple', { ckpt_name: '{{model}}' }),
    positive: node('CLIPTextEncode', { text: '{{prompt}}', clip: ['checkpoint', 1] }),
    negative: node('CLIPTextEncode', { text: '{{negative_prompt}}', clip: ['checkpoint', 1] }),
    ...(hasPicture ? fromPicture(hasMask) : fromNoise),
    sampler: node('KSampler', {
      model: ['checkpoint', 0],
      positive: ['positive', 0],
      negative: ['negative', 0],
      latent_image: ['latent', 0],
      seed: '{{seed}}',
      steps: '{{steps}}',
      cfg: '{{cfg}}',
      sampler_name: '{{sampler_name}}',
      scheduler: '{{scheduler}}',
      denoise: '{{denoise}}',
    }),
    decoded: node('VAEDecode', { samples: ['sampler', 0], vae: ['checkpoint', 2] }),
    saved: node('SaveImage', { images: ['decoded', 0], filename_prefix: 'colonnade/{{id}}' }),
  }
}

const fromNoise: JsonObject = {
  latent: node('EmptyLatentImage', {
    width: '{{width}}',
    height: '{{height}}',
    batch_size: '{{n}}',
  }),
}

function fromPicture(hasMask: boolean): JsonObject {
  return {
    picture: node('LoadImage', { image: '{{image}}' }),
    scaled: node('ImageScale', {
      image: ['picture', 0],
      upscale_method: 'lanczos',
      width: '{{width}}',
      height: '{{height}}',
      crop: 'center',
    }),
    encoded: node('VAEEncode', { pixels: ['scaled', 0], vae: ['checkpoint', 2] }),
    ...(hasMask && {
      mask: node('LoadImageMask', { image: '{{mask}}', channel: '{{mask_channel}}' }),
      masked: node('SetLatentNoiseMask', { samples: ['encoded', 0], mask: ['mask', 0] }),
    }),
    latent: node('RepeatLatentBatch', {
      samples: [hasMask ? 'masked' : 'encoded', 0],
      amount: '{{n}}',
    }),
  }
}
