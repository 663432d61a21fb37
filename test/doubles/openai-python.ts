import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'

/** How one streamed chat ended, as OpenAI's client for Python saw it. */
export interface PythonView {
  readonly text: string
  /** The class it raised; absent where it took the answer for whole. */
  readonly raised?: string
  readonly message?: string
  readonly code?: string | null
}

const program = `
import json, sys
from openai import OpenAI
base, key, models = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
client = OpenAI(base_url=base, api_key=key, max_retries=0, timeout=20)
for model in models:
    seen = {"text": ""}
    try:
        messages = [{"role": "user", "content": "hi"}]
        for chunk in client.chat.completions.create(model=model, messages=messages, stream=True):
            seen["text"] += (chunk.choices[0].delta.content or "") if chunk.choices else ""
    except Exception as error:
        seen["raised"] = type(error).__name__
        seen["message"] = str(error)
        seen["code"] = getattr(error, "code", None)
    print(json.dumps(seen), flush=True)
`

/** A Python that has the client: `PYTHON`, else `python3`; undefined where it has not. */
export const openAiPython = [process.env['PYTHON'], 'python3'].find(
  (python) => python !== undefined && spawnSync(python, ['-c', 'import openai']).status === 0,
)

/** Streams one chat with each of these models, in turn. */
export async function streamFromPython(
  python: string,
  { url, key }: { readonly url: string; readonly key: string },
  models: readonly string[],
): Promise<PythonView[]> {
  const child = spawn(python, ['-c', program, `${url}/v1`, key, JSON.stringify(models)])
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  await once(child, 'close')
  const lines = output.split('\n').filter((line) => line !== '')
  if (lines.length !== models.length) throw new Error(`Python ended early: ${errors}`)
  return lines.map((line): PythonView => JSON.parse(line))
}
