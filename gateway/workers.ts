import cluster, { type Worker } from 'node:cluster'

import type { Answers, Question } from './endpoints/gateway.ts'
import { createDeskLedger, type DeskLine } from './limits/desk-ledger.ts'
import { SlotDesk, type DeskAnswer, type DeskAsk } from './limits/slot-desk.ts'
import type { SlotNotice } from './limits/slot-ledger.ts'
import type { Colleagues } from './run.ts'

/** What passes between the first process and its workers. */
type Message =
  | {
      readonly kind: 'ask'
      readonly id: number
      readonly question: Question
      readonly about?: string
    }
  | {
      readonly kind: 'question'
      readonly id: number
      readonly question: Question
      readonly about?: string
    }
  | { readonly kind: 'reply'; readonly id: number; readonly answer: unknown }
  | { readonly kind: 'answers'; readonly id: number; readonly answers: unknown[] }
  | { readonly kind: 'desk ask'; readonly id: number; readonly asked: DeskAsk }
  | { readonly kind: 'desk answer'; readonly id: number; readonly answer: DeskAnswer }
  | { readonly kind: 'slot notice'; readonly notice: SlotNotice }
  | { readonly kind: 'shut-down' }
  | { readonly kind: 'started' }

const patienceMs = 2_000

/** A gateway of one process: it has nobody else to ask. */
export const alone: Colleagues = {
  worker: 1,
  askOthers: () => Promise.resolve([]),
  onAsked: () => undefined,
}

/** Asks the other workers through the first process. One that is silent for two seconds is left out. */
export function createColleagues(): Colleagues {
  const waiting = new Map<number, (answers: unknown[]) => void>()
  let asked: ((question: Question, about?: string) => Promise<unknown>) | undefined
  let last = 0
  process.on('message', (message: Message) => {
    if (message.kind === 'answers') waiting.get(message.id)?.(message.answers)
    if (message.kind === 'question') {
      void asked?.(message.question, message.about).then((answer) =>
        send({ kind: 'reply', id: message.id, answer }),
      )
    }
  })
  return {
    worker: cluster.worker?.id ?? 1,
    slots: createDeskLedger(createDeskLine()),
    onAsked(answer) {
      asked = answer
    },
    askOthers<Q extends Question>(question: Q, about?: string): Promise<Answers[Q][]> {
      const id = (last += 1)
      return new Promise((resolve) => {
        const done = (answers: unknown[]): void => {
          waiting.delete(id)
          clearTimeout(timer)
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the other side of this channel runs the same code
          resolve(answers as Answers[Q][])
        }
        const timer = setTimeout(() => done([]), patienceMs + 500)
        waiting.set(id, done)
        send({ kind: 'ask', id, question, ...(about !== undefined && { about }) })
      })
    },
  }
}

/** The line of a worker to the desk in the first process, where places are shared out. */
function createDeskLine(): DeskLine {
  const waiting = new Map<number, (answer: DeskAnswer) => void>()
  let last = 0
  const listeners: ((notice: SlotNotice) => void)[] = []
  process.on('message', (message: Message) => {
    if (message.kind === 'desk answer') waiting.get(message.id)?.(message.answer)
    if (message.kind === 'slot notice') for (const hear of listeners) hear(message.notice)
  })
  return {
    get isOpen() {
      return process.connected
    },
    onNotice(listener) {
      listeners.push(listener)
    },
    ask(asked) {
      const id = (last += 1)
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(id)
          reject(new Error('the first process does not answer'))
        }, patienceMs)
        waiting.set(id, (answer) => {
          waiting.delete(id)
          clearTimeout(timer)
          resolve(answer)
        })
        send({ kind: 'desk ask', id, asked })
      })
    },
  }
}

function send(message: Message): void {
  if (process.connected) process.send?.(message)
}

/** Tells the first process that this worker found nothing wrong at its start. */
export function reportStarted(): void {
  send({ kind: 'started' })
}

/** Runs when the first process tells its workers to end. */
export function onToldToShutDown(listener: () => void): void {
  process.on('message', (message: Message) => {
    if (message.kind === 'shut-down') listener()
  })
  process.on('disconnect', listener)
}

export interface Crew {
  /** Tells every worker to end and waits for all of them. */
  shutDown(): Promise<void>
}

const restartMs = 1_000

/** Forks the workers, carries their questions, replaces one that dies. */
export function runCrew(size: number, onGivenUp: (code: number) => void): Crew {
  let isEnding = false
  let hasStarted = false
  const questions = new Map<number, Collecting>()
  let last = 0
  const desk = new SlotDesk((id, notice) => {
    const worker = cluster.workers?.[id]
    if (worker?.isConnected()) worker.send({ kind: 'slot notice', notice })
  })
  cluster.on('message', (worker, message: Message) => {
    if (message.kind === 'desk ask' && worker.isConnected()) {
      const answer = desk.answer(worker.id, message.asked)
      worker.send({ kind: 'desk answer', id: message.id, answer })
    }
    if (message.kind === 'started') hasStarted = true
    if (message.kind === 'ask') ask(worker, message)
    if (message.kind === 'reply') questions.get(message.id)?.take(message.answer)
  })
  cluster.on('exit', (worker, code) => {
    desk.remove(worker.id)
    if (isEnding) return
    // What the first workers found wrong at their start a new one would find again.
    if (!hasStarted) {
      isEnding = true
      onGivenUp(code)
      return
    }
    setTimeout(() => {
      if (!isEnding) cluster.fork()
    }, restartMs)
  })
  for (let count = 0; count < size; count += 1) cluster.fork()

  function ask(asker: Worker, asking: Message & { kind: 'ask' }): void {
    const others = liveWorkers().filter(({ id }) => id !== asker.id)
    const id = (last += 1)
    const collecting = new Collecting(others.length, (answers) => {
      questions.delete(id)
      if (asker.isConnected()) asker.send({ kind: 'answers', id: asking.id, answers })
    })
    questions.set(id, collecting)
    for (const worker of others) worker.send({ ...asking, kind: 'question', id })
  }

  return {
    async shutDown() {
      isEnding = true
      const workers = liveWorkers()
      const ends = workers.map(
        (worker) => new Promise<void>((resolve) => void worker.once('exit', () => resolve())),
      )
      for (const worker of workers) worker.send({ kind: 'shut-down' })
      await Promise.all(ends)
    },
  }
}

function liveWorkers(): Worker[] {
  return Object.values(cluster.workers ?? {}).flatMap((worker) =>
    worker?.isConnected() ? worker : [],
  )
}

/** Gathers answers until all are there or patience ends. */
class Collecting {
  readonly #answers: unknown[] = []
  readonly #expected: number
  readonly #done: (answers: unknown[]) => void
  readonly #timer: NodeJS.Timeout

  constructor(expected: number, done: (answers: unknown[]) => void) {
    this.#expected = expected
    this.#done = done
    this.#timer = setTimeout(() => done(this.#answers), expected === 0 ? 0 : patienceMs)
  }

  take(answer: unknown): void {
    this.#answers.push(answer)
    if (this.#answers.length < this.#expected) return
    clearTimeout(this.#timer)
    this.#done(this.#answers)
  }
}
