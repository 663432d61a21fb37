import type { Pool } from 'pg'

import type { PlacesAsk, Renewal, SharedPlaces, SlotNotice } from '../limits/slot-ledger.ts'
import { timed } from './transaction.ts'

/** Whose places they are. */
export interface Holder {
  readonly owner: string
  readonly module: string
}

/** The channel on which wishes and freed places are told. */
export const slotChannel = 'slots'

const timeoutMs = 2_000
/** After a start of the server nobody counts as ended for so long: all of them come back late. */
const graceMs = 20_000

/** Enters a process, with nothing. */
export async function addHolder(pool: Pool, holder: Holder, leaseMs: number): Promise<void> {
  await run(
    pool,
    `insert into colonnade.slot_holders (owner, module, expires_at)
     values ($1, $2, now() + $3 * interval '1 millisecond')`,
    [holder.owner, holder.module, leaseMs],
  )
}

/** Removes a process; its places are free. */
export async function removeHolder(pool: Pool, owner: string): Promise<void> {
  await run(pool, 'delete from colonnade.slot_holders where owner = $1', [owner])
}

/** Removes processes of a module that have not renewed in time; their places are free. */
export async function removeEndedHolders(
  pool: Pool,
  module: string,
  leaseMs: number,
): Promise<void> {
  await run(
    pool,
    `delete from colonnade.slot_holders where owner in (
       select owner from colonnade.slot_holders
       where module = $1 and expires_at < now()
         and (expires_at - $2 * interval '1 millisecond' >= pg_postmaster_start_time()
           or now() - $3 * interval '1 millisecond' >= pg_postmaster_start_time())
       for update skip locked)`,
    [module, leaseMs, graceMs],
  )
}

interface RenewedRow {
  readonly is_kept: boolean
  readonly has_ended_ones: boolean
  readonly holders: number
  readonly held: readonly { key: string; owned: number; usable: number }[]
  readonly wishes: readonly { key: string; from: string; wanted: number; held: number }[]
}

/** Puts off the end of a process's lease and tells where it stands; undefined: it has lost it. */
export async function renewHolder(
  pool: Pool,
  { owner, module }: Holder,
  places: readonly SharedPlaces[],
  leaseMs: number,
): Promise<(Renewal & { readonly hasEndedOnes: boolean }) | undefined> {
  const { rows } = await pool.query<RenewedRow>(
    timed(
      `with me as (
         update colonnade.slot_holders set expires_at = now() + $3 * interval '1 millisecond'
         where owner = $1 returning owner
       ), asked as (
         select * from unnest($4::text[], $5::int[]) as a (key, total)
       ), held as (
         select s.key, count(*)::int as owned,
                (count(*) filter (where s.number < a.total))::int as usable
         from colonnade.slots s left join asked a using (key)
         where s.owner = $1 group by s.key
       ), wishes as (
         select w.key, w.owner as "from", w.wanted, w.held
         from colonnade.slot_wishes w join held using (key)
         where w.owner <> $1
       )
       select exists (select from me) as is_kept,
              exists (select from colonnade.slot_holders
                      where module = $2 and expires_at < now() and owner <> $1) as has_ended_ones,
              (select count(*)::int from colonnade.slot_holders
               where module = $2 and (owner = $1 or expires_at >= now())) as holders,
              (select coalesce(json_agg(held), '[]') from held) as held,
              (select coalesce(json_agg(wishes), '[]') from wishes) as wishes`,
      [owner, module, leaseMs, places.map(({ key }) => key), places.map(({ total }) => total)],
      timeoutMs,
    ),
  )
  const [row] = rows
  if (!row?.is_kept) return undefined
  return {
    holders: row.holders,
    hasEndedOnes: row.has_ended_ones,
    held: new Map(row.held.map(({ key, owned, usable }) => [key, { owned, usable }])),
    wishes: row.wishes.map((wish) => ({ kind: 'wanted', ...wish })),
  }
}

/** Makes the rows of places that have none yet. */
export async function addSlots(pool: Pool, places: readonly SharedPlaces[]): Promise<void> {
  await run(
    pool,
    `insert into colonnade.slots (key, number)
     select a.key, n from unnest($1::text[], $2::int[]) as a (key, total),
       generate_series(0, a.total - 1) as n
     order by 1, 2
     on conflict do nothing`,
    [places.map(({ key }) => key), places.map(({ total }) => total)],
  )
}

/**
 * Gives a process free places, as many as those who have waited for longer leave; gives how many. What is urgent
 * and was not there is noted as its wish, and told.
 */
export async function claimSlots(pool: Pool, owner: string, ask: PlacesAsk): Promise<number> {
  const { key, total, wanted, held, isUrgent } = ask
  const { rows } = await pool.query<{ got: number }>(
    timed(
      `with elder as (
         select coalesce(sum(w.wanted), 0)::int as wanted from colonnade.slot_wishes w
         where w.key = $2 and w.owner <> $1 and w.since < coalesce(
           (select since from colonnade.slot_wishes where key = $2 and owner = $1), now())
       ), free as (
         select count(*)::int as n from colonnade.slots
         where key = $2 and number < $3 and owner is null
       ), found as (
         select key, number from colonnade.slots
         where key = $2 and number < $3 and owner is null
         order by number
         limit (select greatest(0, least($4::int, free.n - elder.wanted)) from free, elder)
         for update skip locked
       ), taken as (
         update colonnade.slots s set owner = $1 from found
         where s.key = found.key and s.number = found.number
         returning s.number
       ), got as (
         select count(*)::int as n from taken
       ), wished as (
         insert into colonnade.slot_wishes (key, owner, wanted, held, since)
         select $2, $1, $4::int - got.n, $5::int + got.n, clock_timestamp() from got
         where $6 and got.n < $4::int
         on conflict (key, owner) do update
           set wanted = excluded.wanted, held = excluded.held,
               since = case when excluded.held > slot_wishes.held then excluded.since
                            else slot_wishes.since end
         returning wanted, held
       ), fulfilled as (
         delete from colonnade.slot_wishes using got
         where key = $2 and owner = $1 and not ($6 and got.n < $4::int)
       ), told as (
         select colonnade.give_notice($7, json_build_object('kind', 'wanted', 'key', $2::text, 'from', $1::uuid,
           'wanted', wished.wanted, 'held', wished.held)::text) from wished
       )
       select got.n as got, (select count(*) from told) as told from got`,
      [owner, key, total, wanted, held, isUrgent, slotChannel],
      timeoutMs,
    ),
  )
  return rows[0]?.got ?? 0
}

/** Takes a process's wish back. */
export async function removeWish(pool: Pool, owner: string, key: string): Promise<void> {
  await run(pool, 'delete from colonnade.slot_wishes where key = $2 and owner = $1', [owner, key])
}

/**
 * Frees so many places of a process, those beyond the total first, and tells it. What it wishes for itself comes
 * after what others wish.
 */
export async function freeSlots(
  pool: Pool,
  owner: string,
  key: string,
  count: number,
): Promise<void> {
  await run(
    pool,
    `with found as (
       select key, number from colonnade.slots where key = $2 and owner = $1
       order by number desc limit $3 for update
     ), freed as (
       update colonnade.slots s set owner = null from found
       where s.key = found.key and s.number = found.number returning s.number
     ), last as (
       update colonnade.slot_wishes set since = clock_timestamp() where key = $2 and owner = $1
     )
     select colonnade.give_notice($4, json_build_object('kind', 'freed', 'key', $2::text)::text) from
       (select count(*) from freed) as n`,
    [owner, key, count, slotChannel],
  )
}

async function run(pool: Pool, text: string, values: unknown[]): Promise<void> {
  await pool.query(timed(text, values, timeoutMs))
}

/** A notice of another process; undefined for anything else. */
export function readSlotNotice(text: string): SlotNotice | undefined {
  try {
    const notice: unknown = JSON.parse(text)
    return isNotice(notice) ? notice : undefined
  } catch {
    return undefined
  }
}

function isNotice(value: unknown): value is SlotNotice {
  if (typeof value !== 'object' || value === null) return false
  if (!('kind' in value && 'key' in value && typeof value.key === 'string')) return false
  if (value.kind === 'freed') return true
  const isNumber = (name: string): boolean => {
    const entry: unknown = Object.entries(value).find(([key]) => key === name)?.[1]
    return Number.isInteger(entry)
  }
  return (
    value.kind === 'wanted' &&
    'from' in value &&
    typeof value.from === 'string' &&
    isNumber('wanted') &&
    isNumber('held')
  )
}
