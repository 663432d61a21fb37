/** Billionths of a US dollar, a whole number: what is added up never drifts. */
export type Nanodollars = number

const perDollar = 1_000_000_000
const most = Number.MAX_SAFE_INTEGER

/** The nearest whole number of billionths; what is no sound amount is nothing. */
export function wholeNano(nano: number): Nanodollars {
  return nano > 0 ? Math.min(Math.round(nano), most) : 0
}

export function toNano(dollars: number): Nanodollars {
  return wholeNano(dollars * perDollar)
}

export function toDollars(nano: Nanodollars): number {
  return nano / perDollar
}

/** US dollars as people and programs write them, without an exponent: `0.0000125`. */
export function dollarsText(nano: Nanodollars): string {
  const whole = Math.floor(nano / perDollar)
  const rest = nano - whole * perDollar
  if (rest === 0) return `${whole}`
  return `${whole}.${`${rest}`.padStart(9, '0').replace(/0+$/, '')}`
}
