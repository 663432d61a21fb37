import { randomUUID } from 'node:crypto'
import type { AdmissionJournal, OpenAdmission } from '../accounting/admission-journal.ts'
import type { UsageRow } from '../accounting/usage.ts'
import type { CustomerSource } from '../auth/customer-book.ts'
import type { Ledger, LedgerAsk } from '../limits/ledger.ts'
import type { SlotLedger } from '../limits/slot-ledger.ts'
import { AccessStore } from './access.ts'
import { AccountStore } from './account-store.ts'
import { Connection, type ConnectionState } from './connection.ts'
import { CustomerLimits } from './customer-limits.ts'
import { ExplanationStore } from './explanation-store.ts'
import { createCounterLedger } from './counters.ts'
import type { ExplanationRow } from './explanations.ts'
import type { ImageFile } from './image-files.ts'
import { ImageStore } from './image-store.ts'
import { Journal } from './journal.ts'
import type { Log } from './log.ts'
import { Notices } from './notices.ts'
import { ResponseStore } from './response-store.ts'
import { SaltKeys } from './salt-keys.ts'
import { journalledPrefix, Settlements } from './settlements.ts'
import { SlotStore } from './slot-store.ts'
import { toLine } from './spend-logs.ts'
import { SpendKeeper, type SpendKeeping } from './spend-keeper.ts'
import { SpendStore } from './spend-store.ts'
import { Spool } from './spool.ts'
import { StoredModels } from './stored-models.ts'
import { UsageWriter, type SpoolState } from './usage-writer.ts'

/** What the gateway keeps: in Postgres, and on disk or in memory while that is away. */
export interface Storage {
  state(): StorageState
  /** Takes a settled exchange. Never waits, never throws. */
  recordUsage(row: UsageRow): void
  /** The same of one whose holds stand in the journal: what each of them was charged. */
  recordCharged(row: UsageRow, open: OpenAdmission, shares: readonly number[]): void
  /** What requests hold of limits, for whoever comes after a kill. */
  readonly journal: AdmissionJournal
  /** Keeps an image for a while and gives the id that finds it. */
  saveImage(image: ImageFile, ttlMs: number): Promise<string>
  findImage(id: string): Promise<ImageFile | undefined>
  /** Keeps an explanation for an hour, for every replica. Never waits, never throws. */
  keepExplanation(write: () => ExplanationRow): void
  /** What is known of an exchange of a module; undefined: nothing. */
  findExplanation(module: string, id: string): Promise<unknown>
  /** Responses that callers may go on from. */
  readonly responses: Pick<
    ResponseStore,
    'isOpen' | 'keep' | 'find' | 'findConversation' | 'remove' | 'removeExpired'
  >
  /** Virtual keys, as requests need them. */
  readonly access: Pick<AccessStore, keyof AccessStore>
  /** Keys, teams, users, budgets and customers. */
  readonly accounts: Pick<AccountStore, 'inOne'>
  /** Models and credentials that people add while gateways run. */
  readonly stored: Pick<StoredModels, keyof StoredModels>
  /** Salt keys that something here was made under. */
  readonly salts: Pick<SaltKeys, keyof SaltKeys>
  /** What was used and spent. */
  readonly spend: SpendReports
  metrics(): StorageMetrics
  /** What processes on one database tell each other. */
  readonly notices: Notices
  /** Where processes on one database share amounts. */
  readonly counterLedger: Ledger
  /** Places at deployments, for all processes of the module. */
  readonly slots: SlotLedger
  /** End users of callers who are blocked or limited. */
  readonly customers: CustomerSource
  /** Requests at once of callers, for all processes of all modules. */
  readonly callerSlots: SlotLedger
  /**
   * Writes what is left within the time given, to Postgres or the spool, and ends. `isTold`: the ledger of counters
   * knows all, so that no successor has to tell it.
   */
  close(options: { readonly deadlineMs: number; readonly isTold?: boolean }): Promise<void>
}

/** Questions about what was spent; all throw `storage_unavailable` while Postgres is away. */
export type SpendReports = Pick<SpendStore, keyof SpendStore>

interface StorageState {
  readonly db: ConnectionState
  /** Since when `db` is what it is, ISO 8601. */
  readonly since: string
  /** Why not connected: plain words without an address, and what to do. */
  readonly cause?: string
  readonly hint?: string
  /** Time until the next attempt. */
  readonly nextAttemptMs?: number
  /** Usage rows not in Postgres yet. */
  readonly pendingWrites: number
  /** Whether the spool takes rows. */
  readonly spool: SpoolState
}

interface StorageMetrics {
  readonly isConnected: boolean
  readonly connectionAttempts: number
  readonly poolOpen: number
  readonly poolBusy: number
  readonly pendingRows: number
  readonly spooledRows: number
  readonly spooledBytes: number
  readonly droppedRows: number
  readonly replayedRows: number
  readonly unreadableRows: number
  readonly flushFailures: number
  readonly imageMemoryBytes: number
}

export interface StorageOptions {
  /** Asked before each attempt to connect: secrets rotate. */
  readonly databaseUrl: () => string | undefined
  /** Folder for usage while Postgres is away; each worker has a subfolder of its own. */
  readonly spoolDir: string
  readonly module: string
  /** How long rows of single exchanges are kept, and by whom; undefined: nobody knows yet. */
  readonly keepingSpend?: () => SpendKeeping | undefined
  /** Names the salt key that virtual keys are made under. */
  readonly saltId?: () => string | undefined
  readonly log: Log
  readonly now?: () => number
  /** Told after each change of the database's state or its cause. */
  readonly onState?: (state: StorageState) => void
  /** Bounds of this process's share; the defaults suit a gateway. */
  readonly maxSpoolBytes?: number
  readonly maxRowsInMemory?: number
}

/** Opens storage at once and connects in the background: nothing here waits for Postgres. */
export function createStorage(options: StorageOptions): Storage {
  const { databaseUrl, module, log, now = Date.now } = options
  const connection = new Connection({ databaseUrl, module, log, now, onChange })
  const spool = new Spool(
    options.spoolDir,
    options.maxSpoolBytes ?? 256 * 1024 * 1024,
    new Settlements(log),
  )
  // One process is one owner of leases.
  const owner = randomUUID()
  const journal = new Journal({
    spoolDir: options.spoolDir,
    owner,
    isWanted: () => connection.wasConfigured,
    rows: () => writer,
    log,
  })
  const beforeWrite = () => journal.flush()
  const beforeTelling = (asks: readonly LedgerAsk[]) => {
    if (asks.some(({ key }) => key.startsWith(journalledPrefix))) journal.prepare()
    journal.flush()
  }
  connection.start()
  const maxRowsInMemory = options.maxRowsInMemory ?? 50_000
  const writer = new UsageWriter({ connection, spool, log, maxRowsInMemory, beforeWrite })
  const images = new ImageStore(connection, now)
  const notices = new Notices({ connection, log })
  const slots = new SlotStore(connection, notices, module)
  // No module can have this name.
  const callerSlots = new SlotStore(connection, notices, '(callers)')
  const explanations = new ExplanationStore(connection)
  const responses = new ResponseStore(connection)
  const keeping = options.keepingSpend ?? (() => undefined)
  const keeper = new SpendKeeper({ connection, keeping, log })

  function onChange() {
    if (connection.state === 'connected') writer.flush()
    options.onState?.(state())
  }

  function state(): StorageState {
    const { nextAttemptAt, cause } = connection
    return {
      db: connection.state,
      since: new Date(connection.since).toISOString(),
      ...cause,
      ...(nextAttemptAt !== undefined && {
        nextAttemptMs: Math.max(0, Math.round(nextAttemptAt - now())),
      }),
      pendingWrites: writer.pendingWrites,
      spool: writer.spoolState,
    }
  }

  return {
    state,
    notices,
    counterLedger: createCounterLedger({ connection, notices, owner, beforeTelling }),
    journal,
    slots,
    callerSlots,
    customers: new CustomerLimits(connection),
    responses,
    access: new AccessStore(connection),
    accounts: new AccountStore(connection, options.saltId ?? (() => undefined)),
    stored: new StoredModels(connection),
    salts: new SaltKeys(connection),
    spend: new SpendStore(connection),
    recordUsage: (row) => writer.record(row),
    recordCharged(row, open, shares) {
      const line = toLine(row)
      open.end(shares, line)
      writer.record(line, true)
    },
    saveImage: (image, ttlMs) => images.save(image, ttlMs),
    findImage: (id) => images.find(id),
    keepExplanation: (write) => explanations.add(write),
    findExplanation: (name, id) => explanations.find(name, id),
    metrics: () => ({
      isConnected: connection.state === 'connected',
      connectionAttempts: connection.attempts,
      poolOpen: connection.poolUse.open,
      poolBusy: connection.poolUse.busy,
      pendingRows: writer.rowsInMemory,
      spooledRows: spool.rows,
      spooledBytes: spool.bytes,
      droppedRows: writer.dropped,
      replayedRows: writer.replayed,
      unreadableRows: spool.unreadableLines,
      flushFailures: writer.flushFailures,
      imageMemoryBytes: images.memoryBytes,
    }),
    async close({ deadlineMs, isTold = false }) {
      const endsAt = performance.now() + deadlineMs
      images.close()
      responses.close()
      keeper.close()
      await Promise.all([writer.close(deadlineMs), explanations.close(deadlineMs), notices.close()])
      await journal.close(isTold)
      await connection.close(Math.max(100, endsAt - performance.now()))
    },
  }
}
