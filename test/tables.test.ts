import { describe, expect, test } from 'vitest'
import { filesOf, isTest, literalsOf, textOf } from './support/source-files.ts'
import { createdTables, isSql, isWrite, tablesIn } from './support/sql-tables.ts'

/** The owner of each table, by the section "Tables" of ARCHITECTURE.md. */
const owners = new Map(
  [
    ...textOf('ARCHITECTURE.md').matchAll(/^\| `(src\/[^`]+)` \| ((?:`\w+`(?:, )?)+) \|$/gm),
  ].flatMap(([, owner, tables]) =>
    [...(tables ?? '').matchAll(/\w+/g)].map(([table]) => [table, owner ?? ''] as const),
  ),
)
const tables = new Set(owners.keys())
const files = filesOf('src/**/*.{ts,tsx}').filter((file) => !isTest(file))
const literals = files.flatMap((file) =>
  literalsOf(file, textOf(file)).map((literal) => ({ file, ...literal })),
)
const statements = literals.filter(({ tag }) => tag === 'sql')

describe('tables', () => {
  test('every table has one owner', () => {
    const created = createdTables(filesOf('migrations/*.sql').toSorted().map(textOf))
    expect([...tables].sort()).toEqual([...created, 'migration'].sort())
    const missing = [...owners.values()].filter(
      (owner) => !files.some((file) => file.startsWith(`${owner}/`)),
    )
    expect(missing).toEqual([])
  })

  test('only the owner of a table and the views name it in SQL', () => {
    const wrong = statements.flatMap(({ file, text }) =>
      tablesIn(text, tables)
        .filter((table) => !file.startsWith(`${owners.get(table)}/`))
        .filter(() => !file.startsWith('src/views/'))
        .map((table) => `${file} → ${table}`),
    )
    expect([...new Set(wrong)].sort()).toEqual([])
  })

  test('a view reads and never writes', () => {
    const wrong = statements.filter(
      ({ file, text }) => file.startsWith('src/views/') && isWrite(text),
    )
    expect(wrong).toEqual([])
  })

  test('the flows and the server contain no SQL that names a table', () => {
    const wrong = statements.filter(
      ({ file, text }) => /^src\/(flows|server)\//.test(file) && tablesIn(text, tables).length > 0,
    )
    expect(wrong).toEqual([])
  })

  test('only the `sql` tag builds SQL outside the tools of databases', () => {
    const wrong = literals.filter(
      ({ file, tag, text }) =>
        tag !== 'sql' && isSql(text) && !/^src\/platform\/(postgres|mariadb)\//.test(file),
    )
    expect(wrong).toEqual([])
    const raw = files.filter(
      (file) =>
        !file.startsWith('src/platform/postgres/') &&
        /import \{[^}]*\braw\b[^}]*\} from '[^']*\/sql\.ts'/.test(textOf(file)),
    )
    expect(raw).toEqual([])
  })
})

describe('reading SQL', () => {
  const names = new Set(['app', 'change', 'step', 'user'])

  test.each([
    ['select 1 from app a join "user" u on true', ['app', 'user']],
    ['select * from app a, change c, lateral f(a.x) l', ['app', 'change']],
    ['with step as (select 1), other as (select 1 from app) select * from step', ['app']],
    ['insert into change (app) values (?)', ['change']],
    ['update step set app = ?', ['step']],
    ['delete from app using change where app.id = change.app', ['app', 'change']],
    ['select app, change, step from other', []],
    ['select a is distinct from change from other', []],
    ["select nextval(pg_get_serial_sequence('change', 'id'))", ['change']],
    [' join step s on s.run = r.run', ['step']],
    [' app ', ['app']],
  ])('%s', (text, expected) => {
    expect(tablesIn(text, names)).toEqual(expected)
  })

  test('finds SQL in any string or template', () => {
    const source = [
      'db.query(`select ${column} from ${table}`)',
      "db.query('delete from ' + table)",
      "throw new Error('Select one from the list')",
      "db.query('DELETE FROM app')",
      'db.query(sql`select 1 from app where ${sql`x in (select 1 from change)`}`)',
    ].join('\n')
    expect(
      literalsOf('x.ts', source).filter(({ tag, text }) => tag !== 'sql' && isSql(text)),
    ).toMatchObject([{ line: 1 }, { line: 2 }, { line: 4 }])
    expect(
      literalsOf('x.ts', source)
        .filter(({ tag }) => tag === 'sql')
        .map(({ text }) => text),
    ).toEqual(['select 1 from app where ?', 'x in (select 1 from change)'])
  })

  test('tells writes from reads', () => {
    expect(
      ['insert into app values (?)', 'update app set x = 1', 'delete from app'].map(isWrite),
    ).toEqual([true, true, true])
    expect(isWrite('select created, updated from app where state = ?')).toBe(false)
  })
})
