import type { GatewayReport, ScenarioFigures, ScenarioName, SubjectReport } from './summary.ts'

const targetRatio = 1.6
const targetMicros = 100
const targetIdleMb = 90
const targetFirstAnswerMs = 500
const busyLoad = 0.7

/** The report for people: a table, and what it says about the budget. */
export function printed(report: GatewayReport): string {
  const { bare, colonnade } = report
  const accounting = report.isDatabaseConnected ? 'Postgres' : 'its spool, without a database'
  return [
    `Node ${report.node}, ${report.connections} connections, ${report.rounds} rounds of ` +
      `${report.seconds} s by turns, medians; ${report.cores}`,
    `Colonnade with key, routing, metrics and accounting to ${accounting}`,
    ...(report.loadBefore > busyLoad
      ? [
          `The machine was busy before (load ${report.loadBefore}): times are too long, ratios less so.`,
        ]
      : []),
    '',
    table([
      ['', 'CPU µs/request', 'requests/s', 'p50 ms', 'p99 ms', 'pieces', 'CPU of each round'],
      ...(['chat', 'stream'] as const).flatMap((scenario) =>
        [bare, colonnade].map((subject) => scenarioRow(scenario, subject)),
      ),
    ]),
    '',
    table([
      ['', 'first answer ms', 'RSS idle MB', 'RSS after MB'],
      ...[bare, colonnade].map((subject) => [
        titles[subject.name],
        subject.firstAnswerMs.toFixed(0),
        subject.rssIdleMb.toFixed(1),
        subject.rssAfterMb.toFixed(1),
      ]),
    ]),
    '',
    'chat: 0.4 kB in, 0.7 kB out. stream: 200 events, one each 4 ms; its p50 and p99 are until the first byte.',
    'pieces: reads until an answer was whole; streams compare only where both came in about as many.',
    'first answer: from spawn to the first 200, code compiled before, as in the image.',
    `small chat, both under load at once on that core, Colonnade's CPU over the bare proxy's: ${report.ratioOfRounds.join(' ')}`,
    verdict('ratio, small chat', report.ratio, targetRatio, ''),
    `by turns, where a machine whose pace changes shows more of that: ${report.turnsRatio}`,
    verdict('ratio, stream', report.streamRatio, targetRatio, ''),
    verdict('CPU for a small chat', colonnade.chat.cpuMicros, targetMicros, ' µs'),
    verdict('idle memory', colonnade.rssIdleMb, targetIdleMb, ' MB'),
    verdict('first answer', colonnade.firstAnswerMs, targetFirstAnswerMs, ' ms'),
  ].join('\n')
}

const titles = { bare: 'Fastify + undici', colonnade: 'Colonnade' }

function scenarioRow(scenario: ScenarioName, subject: SubjectReport): string[] {
  const figures: ScenarioFigures = subject[scenario]
  return [
    `${scenario}: ${titles[subject.name]}`,
    figures.cpuMicros.toFixed(1),
    figures.requestsPerSecond.toFixed(0),
    figures.p50Ms.toFixed(2),
    figures.p99Ms.toFixed(2),
    figures.pieces.toFixed(0),
    figures.cpuMicrosOfRounds.map((micros) => micros.toFixed(0)).join(' '),
  ]
}

function verdict(what: string, found: number, target: number, unit: string): string {
  const isMet = found <= target
  return `${what}: ${found}${unit} (target ≤ ${target}${unit}${isMet ? '' : ': missed'})`
}

/** Columns as wide as their widest cell; the first to the left, the rest to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  return rows
    .map((row) =>
      row
        .map((cell, at) =>
          at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
