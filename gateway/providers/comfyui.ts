import { fieldOf } from '../../modules/json-object.ts'
import { faultInWorkflow } from './comfyui-check.ts'
import { lazily } from './lazily.ts'
import type { Provider } from './provider.ts'
import { isList } from './read-json.ts'

const drawn = async () => (await import('./comfyui-images.ts')).drawn

/** ComfyUI: a workflow of the deployment's, or a plain one, is filled and queued. */
export const comfyui: Provider = {
  name: 'comfyui',
  defaultBase: 'http://127.0.0.1:8188',
  baseVariables: ['COMFYUI_API_BASE'],
  // It has none of its own; a proxy before it may want one.
  keyVariables: ['COMFYUI_API_KEY'],
  isKeyNeeded: false,
  checkWorkflow: faultInWorkflow,
  endpoints: {
    'images-generations': lazily(async () =>
      (await drawn())({ isPromptNeeded: true, isPictureNeeded: false, denoise: 1 }),
    ),
    'images-edits': lazily(async () =>
      (await drawn())({ isPromptNeeded: true, isPictureNeeded: true, denoise: 0.75 }),
    ),
    'images-variations': lazily(async () =>
      (await drawn())({ isPromptNeeded: false, isPictureNeeded: true, denoise: 0.5 }),
    ),
  },
  modelList: { path: '/object_info/CheckpointLoaderSimple', namesIn: checkpointsIn },
}

/** The choices of an input stand first, or from 2025 on in `options` behind its type. */
function checkpointsIn(answer: unknown): readonly string[] {
  const input = fieldOf(fieldOf(answer, 'CheckpointLoaderSimple'), 'input')
  const told = fieldOf(fieldOf(input, 'required'), 'ckpt_name')
  if (!isList(told)) return []
  const names = isList(told[0]) ? told[0] : fieldOf(told[1], 'options')
  return isList(names) ? names.filter((name) => typeof name === 'string') : []
}
