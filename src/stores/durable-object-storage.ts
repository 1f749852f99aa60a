/** The part of a Durable Object's `SqlStorage` that we use. */
export interface VaultSql {
  exec(query: string, ...bindings: (string | number)[]): { toArray(): Record<string, unknown>[] }
}

/** The part of a Durable Object's storage that we use. It must be SQLite's. */
export interface VaultStorage {
  readonly sql: VaultSql
  deleteAll(): Promise<void>
}

/** What an object keeps of a record: a text, and what distinguishes it from every other that was there. */
export interface Deposit {
  readonly revision: string
  readonly text: string
  /** By what the index of names knows this record. The same from its creation to its removal. */
  readonly tag: string
}

/** A lock as it survives the object's memory. */
export interface LeaseRow {
  readonly token: string
  /** Milliseconds. */
  readonly length: number
}

/** What an object keeps. Every member is synchronous, so that nothing happens between a look and a write. */
export interface VaultRows {
  deposit(): Deposit | undefined
  setDeposit(next: Deposit | undefined): void
  lease(): LeaseRow | undefined
  setLease(next: LeaseRow | undefined): void
  names(after: string, limit: number): string[]
  addName(name: string, tag: string): void
  removeName(name: string, tag: string): void
}

const schema = `
CREATE TABLE IF NOT EXISTS deposit (one INTEGER PRIMARY KEY, revision TEXT, text TEXT, tag TEXT);
CREATE TABLE IF NOT EXISTS lease (one INTEGER PRIMARY KEY, token TEXT, length REAL);
CREATE TABLE IF NOT EXISTS names (name TEXT, tag TEXT, PRIMARY KEY (name, tag)) WITHOUT ROWID;`

const tables = `SELECT count(*) AS there FROM sqlite_master WHERE name IN ('deposit', 'lease', 'names')`

const rest =
  'SELECT EXISTS (SELECT 1 FROM deposit) + EXISTS (SELECT 1 FROM lease) + EXISTS (SELECT 1 FROM names) AS rest'

/** Opens an object's storage. It begins to take up room with the first write, and ends to with the last removal. */
export function vaultRows(storage: VaultStorage): VaultRows {
  const sql = (query: string, ...bindings: (string | number)[]): Record<string, unknown>[] =>
    storage.sql.exec(query, ...bindings).toArray()
  let made: boolean | undefined
  const isMade = (): boolean => (made ??= sql(tables)[0]?.['there'] === 3)

  const read = (query: string, ...bindings: (string | number)[]): Record<string, unknown>[] =>
    isMade() ? sql(query, ...bindings) : []

  const write = (query: string, ...bindings: (string | number)[]): void => {
    if (!isMade()) sql(schema)
    made = true
    sql(query, ...bindings)
  }

  const remove = (query: string, ...bindings: string[]): void => {
    if (!isMade()) return
    sql(query, ...bindings)
    if (sql(rest)[0]?.['rest'] !== 0) return
    made = false
    void storage.deleteAll()
  }

  return {
    deposit: () => read('SELECT revision, text, tag FROM deposit')[0] as Deposit | undefined,
    setDeposit: (next) => {
      if (next === undefined) remove('DELETE FROM deposit')
      else write('INSERT OR REPLACE INTO deposit VALUES (1, ?, ?, ?)', next.revision, next.text, next.tag)
    },
    lease: () => read('SELECT token, length FROM lease')[0] as LeaseRow | undefined,
    setLease: (next) => {
      if (next === undefined) remove('DELETE FROM lease')
      else write('INSERT OR REPLACE INTO lease VALUES (1, ?, ?)', next.token, next.length)
    },
    names: (after, limit) =>
      read('SELECT DISTINCT name FROM names WHERE name > ? ORDER BY name LIMIT ?', after, limit).map(({ name }) =>
        String(name),
      ),
    addName: (name, tag) => write('INSERT OR IGNORE INTO names VALUES (?, ?)', name, tag),
    removeName: (name, tag) => remove('DELETE FROM names WHERE name = ? AND tag = ?', name, tag),
  }
}
