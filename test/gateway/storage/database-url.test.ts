import { describe, expect, test } from 'vitest'
import {
  DatabaseUrlError,
  placeOf,
  readDatabaseUrl,
} from '../../../gateway/storage/database-url.ts'

describe('a database URL', () => {
  test('is read as libpq reads it', () => {
    expect(
      readDatabaseUrl('postgresql://llm:a%20b%2Fc@db.example:6543/colonnade?sslmode=disable'),
    ).toEqual({
      hosts: [{ host: 'db.example', port: 6543 }],
      user: 'llm',
      password: 'a b/c',
      database: 'colonnade',
      tls: { mode: 'off', isChainChecked: false, isHostChecked: false },
    })
  })

  test.for([
    ['postgres://u:p/a@b%@h/d', { user: 'u', password: 'p/a@b%', database: 'd' }],
    ['postgres://u:p@h', { database: 'u', hosts: [{ host: 'h', port: 5432 }] }],
    ['postgres://u:p@[::1]:5433/d', { hosts: [{ host: '::1', port: 5433 }] }],
    [
      'postgres://u:p@one,two:5433/d',
      {
        hosts: [
          { host: 'one', port: 5432 },
          { host: 'two', port: 5433 },
        ],
      },
    ],
    [
      'postgres://u:p@/d?host=/var/run/postgresql',
      { hosts: [{ host: '/var/run/postgresql', port: 5432 }] },
    ],
    [
      'postgres://u:p@h/d?schema=public&connection_limit=10&options=a@b',
      { user: 'u', database: 'd' },
    ],
  ] as const)('in its less usual forms: %s', ([url, parts]) => {
    expect(readDatabaseUrl(url)).toMatchObject(parts)
  })

  test.for([
    ['', { mode: 'ask', isChainChecked: false }],
    ['?sslmode=prefer', { mode: 'ask', isChainChecked: false }],
    ['?sslmode=require', { mode: 'on', isChainChecked: false }],
    [
      '?sslmode=require&sslrootcert=/etc/hostname',
      { mode: 'on', isChainChecked: true, isHostChecked: false },
    ],
    ['?sslmode=verify-ca', { mode: 'on', isChainChecked: true, isHostChecked: false }],
    ['?sslmode=verify-full', { mode: 'on', isChainChecked: true, isHostChecked: true }],
  ] as const)('says how far TLS is checked: %s', ([query, tls]) => {
    expect(readDatabaseUrl(`postgres://u:p@h/d${query}`).tls).toMatchObject(tls)
  })

  test.for([
    'mysql://u:secret@h/d',
    'secret',
    'postgres://u:secret@h:port/d',
    'postgres://u:secret@a:b:c/d',
    'postgres://u:secret@h/d?sslmode=always',
    'postgres://u:secret@h/d?sslrootcert=/no/such/file',
  ])('that cannot be read is refused without a word of what it holds: %s', (url) => {
    expect(() => readDatabaseUrl(url)).toThrow(DatabaseUrlError)
    expect(() => readDatabaseUrl(url)).not.toThrow(/secret/)
  })

  test('is named in logs by host and port alone', () => {
    expect(placeOf(readDatabaseUrl('postgres://u:secret@one,two:5433/d'))).toBe(
      'one:5432, two:5433',
    )
  })
})
