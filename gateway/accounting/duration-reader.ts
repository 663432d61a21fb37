/** What is learnt of a sound while its bytes pass. */
export interface Sound {
  /** Bytes taken or skipped until now. */
  position: number
  seconds: number | undefined
  /** Where only the length of the whole tells: seconds by the number of all bytes. */
  atEnd: ((bytes: number) => number) | undefined
}

/** Asks for bytes: a positive number takes as many, a negative one skips as many. */
export type SoundReader = Generator<number, void, Buffer>

/** Taken before the kind of a file is known: as many as the first structure of each has at least. */
export const headLength = 12
