import { createHash } from 'node:crypto'
import { crc32, deflateSync } from 'node:zlib'

// Five by seven dots a letter, a number a row.
const letters = [
  [30, 17, 17, 17, 17, 17, 30],
  [31, 16, 16, 30, 16, 16, 31],
  [17, 27, 21, 21, 17, 17, 17],
  [14, 17, 17, 17, 17, 17, 14],
]

/** A small real PNG: colours that follow from the prompt, and DEMO across it. */
export function drawDemo(prompt: string, width: number, height: number): Buffer {
  const shades = createHash('sha256').update(prompt).digest()
  const line = 1 + width * 3
  const rows = Buffer.alloc(height * line)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < 3; channel++) {
        const waves =
          (x / width) * (1 + (shades[channel] ?? 0) / 64) +
          (y / height) * (1 + (shades[channel + 3] ?? 0) / 64)
        const shade = isInk(x / width, y / height) ? 255 : 90 + 80 * Math.sin(waves * 3 + channel)
        rows[y * line + 1 + x * 3 + channel] = shade
      }
    }
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width)
  header.writeUInt32BE(height, 4)
  header.set([8, 2], 8)
  return Buffer.concat([
    Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk('IHDR', header),
    chunk('tEXt', Buffer.from('Comment\0demo', 'latin1')),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** Whether a place, from 0 to 1, lies on the lettering in the middle. */
function isInk(across: number, down: number): boolean {
  const column = Math.floor(across * 28) - 2
  const row = Math.floor(down * 28) - 10
  const letter = letters[Math.floor(column / 6)]
  if (column < 0 || letter === undefined) return false
  return (((letter[row] ?? 0) >> (4 - (column % 6))) & 1) === 1
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(data.length)
  frame.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)])
}
