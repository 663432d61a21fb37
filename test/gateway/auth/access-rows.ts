import type { AccessRow } from '../../../gateway/auth/access-row.ts'

/** A key that hangs on nothing and may do everything. */
export function accessRow(changes: Partial<AccessRow> = {}): AccessRow {
  return {
    id: '0'.repeat(64),
    name: 'sk-...aB3d',
    alias: null,
    isBlocked: false,
    expiresAtMs: null,
    settings: {},
    budget: null,
    user: null,
    team: null,
    member: null,
    adminOf: [],
    ...changes,
  }
}

/** A team or user that says nothing. */
export function owner(id: string, settings: unknown = {}) {
  return { id, alias: null, isBlocked: false, settings, role: 'internal_user' }
}
