import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { kinds } from './kinds.generated.ts'
import { kindOf, renderFile } from './render.ts'

const folder = mkdtempSync(join(tmpdir(), 'fairlead-kinds-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const hostile = [
  ...['a"b', "a'b", 'a\nb: c', '", "admin": true, "x": "', "' or 1", '{{ KEY }}', '${KEY}', '#x'],
  ...['x: y', '[1, 2]', '- x', '\\', '\\n', 'a;b', '}', '</x>', '\u0000', '\r\nX=1', ' lead', '$&'],
  ...['*alias', '&anchor', '!tag', '"""', "'''", '%x', 'é', '🙂', 'true', '1e999', '', '~'],
]

describe.each(kinds)('the file kind $kind', (kind) => {
  const template = {
    json: '{"name": "{{ NAME }}", "last": 1}',
    yaml: 'name: "{{ NAME }}"\nlast: 1\n',
    toml: 'name = "{{ NAME }}"\nlast = 1\n',
    dotenv: 'NAME="{{ NAME }}"\nLAST=1\n',
  }[kind.kind]

  const render = (text: string, value: string) =>
    renderFile({
      ...{ path: 'file', file: { template: 'file.liquid', kind: kind.kind }, template: text },
      ...{ values: { NAME: value }, secrets: new Set() },
    })

  test('has a unique kind, a title, and names that lead to it', () => {
    expect(kinds.filter((one) => one.kind === kind.kind)).toEqual([kind])
    expect(kind.title).toMatch(/^[A-Z.n]/)
    for (const name of kind.names)
      expect(kindOf(name.startsWith('.') ? `conf/app${name}` : `conf/${name}`, undefined)).toBe(
        kind,
      )
  })

  test('accepts its good example, and refuses the bad one', async () => {
    if (kind.read) {
      kind.read(kind.example.good)
      expect(() => kind.read?.(kind.example.bad)).toThrow(/\S/)
    }
    if (kind.check === undefined) return
    const program = {
      ...{ nginx: 'nginx', haproxy: 'haproxy', redis: 'redis-server', mariadb: 'mariadbd' },
    }[kind.kind]
    const has = await run(`command -v ${program ?? 'postgres'} >/dev/null`)
    for (const [name, isGood] of [
      ['good', true],
      ['bad', false],
    ] as const) {
      const file = join(folder, `${kind.kind}.${name}`)
      writeFileSync(file, kind.example[name], { mode: 0o644 })
      const { passes, output } = await runCheck(kind.check, file)
      expect([name, passes]).toEqual([name, isGood || !has])
      // Without a reason, nobody knows what to mend.
      if (!passes) expect(output).toMatch(/lisen|bnd|lruu|shared_buffers|max-conections/)
    }
  })

  test('writes every value so that it is read again, or refuses it', () => {
    if (template === undefined) return
    for (const value of hostile) {
      const result = render(template, value)
      if (result.problem !== null) continue
      const read = kind.read?.(result.file.text) as Record<string, unknown>
      expect([value, Object.values(read).map(String).sort()]).toEqual([value, [value, '1'].sort()])
    }
  })

  test('refuses a value that begins another line', () => {
    if (kind.read) return
    expect(render('level {{ NAME }}\n', 'debug\nother yes').problem).toContain('line break')
    expect(render('level {{ NAME }}\n', 'debug').problem).toBeNull()
  })
})

const isRoot = process.getuid?.() === 0

test.runIf(isRoot && existsSync('/usr/sbin/nginx'))(
  'accepts an nginx.conf without a pid, which a service names on its command line',
  async () => {
    chmodSync(folder, 0o755)
    const check = kinds.find(({ kind }) => kind === 'nginx')?.check ?? 'exit 1'
    for (const [text, isGood] of [
      ['events {} http { access_log off; server { listen 18080; } }\n', true],
      ['events {} http { server { lisen 18080; } }\n', false],
      ['pid /run/nginx.pid; events {}\n', false],
    ] as const) {
      writeFileSync(join(folder, 'nginx.conf'), text, { mode: 0o644 })
      const { passes } = await runCheck(check, join(folder, 'nginx.conf'), 65_534)
      expect([text, passes]).toEqual([text, isGood])
    }
  },
)

const run = async (command: string): Promise<boolean> => (await runCheck(command)).passes

async function runCheck(command: string, file = '', uid?: number): Promise<Checked> {
  return promisify(execFile)('/bin/sh', ['-c', command], {
    ...(uid === undefined ? {} : { uid, gid: uid }),
    env: { ...process.env, FILE: file },
  }).then(
    () => ({ passes: true, output: '' }),
    ({ stderr }: { stderr: string }) => ({ passes: false, output: stderr }),
  )
}

interface Checked {
  passes: boolean
  output: string
}
