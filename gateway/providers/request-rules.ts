import type { Repair } from './request-repairs.ts'

/** What a vendor is known to refuse; `drop_params` and `modify_params` go by it. */
export interface RequestRules {
  /** OpenAI parameters it answers with an error. */
  readonly refused: readonly string[]
  /** Parameters it knows under another name. */
  readonly renamed: readonly (readonly [from: string, to: string])[]
  readonly repairs: readonly Repair[]
}

/** Rules for all models of a vendor, or for those whose name fits. */
export interface VendorRules extends Partial<RequestRules> {
  readonly models?: RegExp
}

const none: RequestRules = { refused: [], renamed: [], repairs: [] }

/** All rules of a vendor that hold for a model. */
export function rulesFor(model: string, rules: readonly VendorRules[]): RequestRules {
  const fitting = rules.filter(({ models }) => models === undefined || models.test(model))
  if (fitting.length === 0) return none
  return {
    refused: fitting.flatMap(({ refused = [] }) => refused),
    renamed: fitting.flatMap(({ renamed = [] }) => renamed),
    repairs: fitting.flatMap(({ repairs = [] }) => repairs),
  }
}
