import { expect, test } from 'vitest'
import { lastLines, run } from '../../../scripts/deploy/command.ts'

test('the last lines come without empty ones and without the inner log of kubectl', () => {
  const text = `one
E1121 14:37:03.425514   16068 memcache.go:265] "Unhandled Error" err="connection refused"

two
three`
  expect(lastLines(text, 2)).toEqual(['two', 'three'])
  expect(lastLines(text)).toEqual(['one', 'two', 'three'])
})

test('a program hears its input, and all it says is kept', async () => {
  const program =
    'process.stdin.on("data", (d) => { process.stderr.write("e"); process.stdout.write(d) })'
  expect(await run([process.execPath, '-e', program], { input: 'abc' })).toEqual({
    status: 0,
    stdout: 'abc',
    stderr: 'e',
  })
})

test('one that is not installed, and one that takes too long, are told as such', async () => {
  expect(await run(['no-such-program-here'])).toMatchObject({
    status: -1,
    stderr: 'no-such-program-here is not installed',
  })
  const slow = await run([process.execPath, '-e', 'setTimeout(() => {}, 60000)'], {
    timeoutMs: 200,
  })
  expect(slow.status).toBe(-1)
  expect(slow.stderr).toContain('ended after 0.2 s')
})
