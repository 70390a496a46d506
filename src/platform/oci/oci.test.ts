import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createHash } from 'node:crypto'
import { zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { collectGarbage, list, pack, remove, unpack, verify } from './oci.ts'
import { encodeTarHeader, tarEnd, tarPadding, type TarEntry } from './tar.ts'
import { skipWhen } from '../../../test/support/programs.ts'
import { longTest } from '../../../test/support/scale.ts'

const root = mkdtempSync(join(tmpdir(), 'oci-'))
let count = 0
let folder = ''
let layout = ''
beforeEach(() => {
  count += 1
  folder = join(root, String(count), 'app')
  layout = join(root, String(count), 'layout')
  mkdirSync(folder, { recursive: true })
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const packAll = (options: { include?: string[]; exclude?: string[] } = {}) =>
  pack({ layout, folder, include: ['.'], exclude: [], annotations: {}, ...options })
const put = (path: string, content: string | Buffer = path, mode = 0o644): void => {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), content, { mode })
}
const out = (name = 'out'): string => join(dirname(folder), name)

/** Everything below a folder: path as bytes → kind, mode and content. */
function snapshot(top: string): Record<string, string> {
  const found: Record<string, string> = {}
  const walk = (path: Buffer, name: string): void => {
    for (const each of readdirSync(path, { encoding: 'buffer' })) {
      const full = Buffer.concat([path, Buffer.from('/'), each])
      const key = `${name}/${each.toString('latin1')}`
      const stat = lstatSync(full)
      const mode = (stat.mode & 0o777).toString(8)
      if (stat.isSymbolicLink()) found[key] = `link ${readlinkSync(full)}`
      else if (stat.isDirectory()) {
        found[key] = `folder ${mode}`
        walk(full, key)
      } else found[key] = `file ${mode} ${readFileSync(full).toString('base64')}`
    }
  }
  walk(Buffer.from(top), '')
  return found
}

describe('round trip', () => {
  test('restores any tree, and gives equal trees the same digest', async () => {
    const byte = fc.integer({ min: 1, max: 255 }).filter((each) => each !== 47)
    const name = fc
      .oneof(
        fc.array(byte, { minLength: 1, maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
        fc.integer({ min: 90, max: 250 }).map((length) => Buffer.alloc(length, 'n')),
      )
      .filter((each) => !['.', '..', '.git'].includes(each.toString('latin1')))
    const node = fc.oneof(
      fc.record({
        kind: fc.constant('file'),
        content: fc.uint8Array({ maxLength: 3000 }),
        executable: fc.boolean(),
      }),
      fc.record({
        kind: fc.constant('folder'),
        content: fc.constant(new Uint8Array()),
        executable: fc.boolean(),
      }),
      fc.record({
        kind: fc.constant('link'),
        content: fc
          .array(byte, { minLength: 1, maxLength: 150 })
          .map((bytes) => Uint8Array.from([120, ...bytes])),
        executable: fc.boolean(),
      }),
    )
    let n = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ path: fc.array(name, { minLength: 1, maxLength: 4 }), node }), {
          maxLength: 8,
        }),
        async (nodes) => {
          n += 1
          const top = join(root, `tree${n}`)
          mkdirSync(top)
          for (const { path, node } of nodes) plant(top, path, node)
          const first = await pack({
            layout,
            folder: top,
            include: ['.'],
            exclude: [],
            annotations: {},
          })
          const target = join(root, `back${n}`)
          await unpack({ layout, digest: first.digest, folder: target, durable: false })
          expect(snapshot(target)).toEqual(snapshot(top))
          expect(
            await pack({
              layout,
              folder: target,
              include: ['.'],
              exclude: [],
              annotations: { other: 'x' },
            }),
          ).toEqual(first)
          rmSync(top, { recursive: true })
          rmSync(target, { recursive: true })
        },
      ),
      { numRuns: 60 },
    )
  })

  function plant(
    top: string,
    path: Buffer[],
    node: { kind: string; content: Uint8Array; executable: boolean },
  ): void {
    const full = Buffer.concat([
      Buffer.from(top),
      ...path.flatMap((part) => [Buffer.from('/'), part]),
    ])
    const parent = Buffer.concat([
      Buffer.from(top),
      ...path.slice(0, -1).flatMap((part) => [Buffer.from('/'), part]),
    ])
    try {
      mkdirSync(parent, { recursive: true })
      if (node.kind === 'file')
        writeFileSync(full, node.content, { flag: 'wx', mode: node.executable ? 0o755 : 0o644 })
      else if (node.kind === 'folder') mkdirSync(full, { recursive: true })
      else symlinkSync(Buffer.from(node.content), full)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (!['EEXIST', 'ENOTDIR', 'ENAMETOOLONG', 'ENOENT', 'ELOOP'].includes(code ?? ''))
        throw error
    }
  }

  test('a file larger than a frame', async () => {
    const content = Buffer.concat([randomBytes(3_500_001), Buffer.alloc(2_000_000)])
    put('large.bin', content)
    put('small')
    const { digest, size } = await packAll()
    expect(size).toBeLessThan(3_600_000)
    await unpack({ layout, digest, folder: out() })
    expect(readFileSync(join(out(), 'large.bin')).equals(content)).toBe(true)
    await verify({ layout, digest })
  })

  test('accepts an empty folder', async () => {
    const { digest } = await packAll()
    await unpack({ layout, digest, folder: out() })
    expect(readdirSync(out())).toEqual([])
  })

  test('normalises modes to 644 or 755, and ignores times', async () => {
    put('a', 'a', 0o600)
    put('b', 'b', 0o700)
    const first = await packAll()
    utimesSync(join(folder, 'a'), 1, 1)
    expect(await packAll()).toEqual(first)
    await unpack({ layout, digest: first.digest, folder: out() })
    expect(snapshot(out())).toMatchObject({
      '/a': expect.stringContaining('file 644') as string,
      '/b': expect.stringContaining('file 755') as string,
    })
  })

  test('exchanges layers with another tar program', async () => {
    put('src/very/'.padEnd(140, 'x/') + 'file', 'deep')
    put('plain', 'plain')
    const { digest } = await packAll()
    const manifest = JSON.parse(
      readFileSync(join(layout, 'blobs/sha256', digest.slice(7)), 'utf8'),
    ) as {
      layers: { digest: string }[]
    }
    const layer = join(layout, 'blobs/sha256', manifest.layers[0]?.digest.slice(7) ?? '')
    mkdirSync(out())
    execFileSync('sh', [
      '-c',
      `"$0" -e 'process.stdout.write(require("zlib").zstdDecompressSync(require("fs").readFileSync(process.argv[1])))' "$1" | tar -x -C "$2" -f -`,
      process.execPath,
      layer,
      out(),
    ])
    expect(snapshot(out())).toEqual(snapshot(folder))
  })
})

describe('selection by include and exclude', () => {
  beforeEach(() => {
    for (const path of [
      'dist/app.js',
      'dist/app.js.map',
      'src/a.ts',
      '.git/config',
      'vendor/x/.git',
      'package.json',
      'node_modules/m/index.js',
    ])
      put(path)
  })
  const selected = async (include: string[], exclude: string[]): Promise<string[]> => {
    const { digest } = await packAll({ include, exclude })
    const target = out(digest.slice(7, 20))
    await unpack({ layout, digest, folder: target })
    return Object.entries(snapshot(target))
      .filter(([, what]) => what.startsWith('file'))
      .map(([path]) => path)
  }

  test.each([
    [['.'], ['node_modules'], ['/dist/app.js', '/dist/app.js.map', '/package.json', '/src/a.ts']],
    [['dist', './package.json'], [], ['/dist/app.js', '/dist/app.js.map', '/package.json']],
    [['dist/'], ['**/*.map'], ['/dist/app.js']],
    [['**/*.js'], ['node_modules'], ['/dist/app.js']],
    [['node_modules/m/index.js'], [], ['/node_modules/m/index.js']],
  ])('include %j, exclude %j', async (include, exclude, expected) => {
    expect((await selected(include, exclude)).sort()).toEqual(expected)
  })

  test('refuses an include that matches no path', async () => {
    await expect(packAll({ include: ['build'] })).rejects.toThrow(
      'artifact: include names "build", but there is no such path after the steps',
    )
  })
})

describe('links', () => {
  test('inside the folder and to system programs are kept, others are refused', async () => {
    put('dir/file')
    symlinkSync('dir', join(folder, 'relative'))
    symlinkSync(join(folder, 'dir'), join(folder, 'absolute'))
    symlinkSync('/usr/bin/env', join(folder, 'program'))
    const { digest } = await packAll()
    await unpack({ layout, digest, folder: out() })
    expect(snapshot(out())).toMatchObject({
      '/relative': 'link dir',
      '/absolute': 'link dir',
      '/program': 'link /usr/bin/env',
    })
    symlinkSync('../../secret', join(folder, 'dir/escape'))
    await expect(packAll()).rejects.toThrow(
      'artifact: the link "dir/escape" leads out of the folder to "../../secret"',
    )
  })
})

/** Puts a layer of our own making into the layout, as an attacker would who could. */
function forge(entries: (Partial<TarEntry> & { path: string; content?: string })[]): string {
  const tar = entries.flatMap(({ content = '', ...entry }) => [
    encodeTarHeader({
      type: 'file',
      size: content.length,
      executable: false,
      target: '',
      ...entry,
    }),
    Buffer.from(content),
    tarPadding(content.length),
  ])
  return store(zstdCompressSync(Buffer.concat([...tar, tarEnd])))
}
function store(layer: Buffer): string {
  const blob = (bytes: Buffer): { digest: string; size: number } => {
    const digest = createHash('sha256').update(bytes).digest('hex')
    mkdirSync(join(layout, 'blobs/sha256'), { recursive: true })
    writeFileSync(join(layout, 'blobs/sha256', digest), bytes)
    return { digest: `sha256:${digest}`, size: bytes.length }
  }
  return blob(
    Buffer.from(
      JSON.stringify({ schemaVersion: 2, config: blob(Buffer.from('{}')), layers: [blob(layer)] }),
    ),
  ).digest
}

describe('refused artifacts', () => {
  test.each([
    ['a path with ..', [{ path: '../evil', content: 'x' }]],
    ['a path with .. in the middle', [{ path: 'a/../../evil', content: 'x' }]],
    ['an absolute path', [{ path: '/tmp/evil', content: 'x' }]],
    ['a link out of the folder', [{ path: 'l', type: 'symlink' as const, target: '../evil' }]],
    [
      'writing through a link',
      [
        { path: 'l', type: 'symlink' as const, target: '/tmp' },
        { path: 'l/evil', content: 'x' },
      ],
    ],
    [
      'a file over a link',
      [
        { path: 'l', type: 'symlink' as const, target: 'evil' },
        { path: 'l', content: 'x' },
      ],
    ],
  ])('%s', async (_what, entries) => {
    const digest = forge(entries)
    await expect(unpack({ layout, digest, folder: out() })).rejects.toThrow(/artifact/)
    expect(readdirSync(dirname(folder)).sort()).toEqual(['app', 'layout'])
    expect(existsSync('/tmp/evil')).toBe(false)
  })

  test('an invalid or unknown digest', async () => {
    await expect(unpack({ layout, digest: 'sha256:../../etc', folder: out() })).rejects.toThrow(
      'is not a digest',
    )
    await expect(
      unpack({ layout, digest: `sha256:${'0'.repeat(64)}`, folder: out() }),
    ).rejects.toThrow('was cleaned up, or never packed here')
  })

  test('data that is not an archive', async () => {
    await expect(
      unpack({ layout, digest: store(zstdCompressSync(randomBytes(5000))), folder: out() }),
    ).rejects.toThrow('is damaged')
    await expect(
      unpack({ layout, digest: store(randomBytes(5000)), folder: out() }),
    ).rejects.toThrow('is damaged')
  })
})

describe('damage', () => {
  test('detects a changed, missing or truncated blob, and unpacks nothing', async () => {
    put('a', randomBytes(5000))
    const { digest } = await packAll()
    const blobs = readdirSync(join(layout, 'blobs/sha256'))
    expect(blobs.length).toBe(3)
    for (const blob of blobs) {
      const path = join(layout, 'blobs/sha256', blob)
      const whole = readFileSync(path)
      const changed = Buffer.from(whole)
      changed[changed.length >> 1] = (changed[changed.length >> 1] ?? 0) ^ 1
      for (const damage of [
        () => writeFileSync(path, changed),
        () => truncateSync(path, whole.length >> 1),
        () => rmSync(path),
      ]) {
        damage()
        await expect(verify({ layout, digest })).rejects.toThrow(
          /damaged|missing|cannot be read|is not in/,
        )
        if (whole.length > 1000)
          await expect(unpack({ layout, digest, folder: out() })).rejects.toThrow(/damaged|missing/)
        expect(existsSync(out())).toBe(false)
        writeFileSync(path, whole)
      }
    }
    await verify({ layout, digest })
    await unpack({ layout, digest, folder: out() })
    expect(snapshot(out())).toEqual(snapshot(folder))
  })
})

test('detects a valid layer in place of the right one', async () => {
  put('a')
  const right = await packAll()
  put('a', 'something else')
  const wrong = await packAll()
  const layerOf = (digest: string): string => {
    const blob = (name: string): string => join(layout, 'blobs/sha256', name.slice(7))
    const manifest = JSON.parse(readFileSync(blob(digest), 'utf8')) as {
      layers: { digest: string }[]
    }
    return blob(manifest.layers[0]?.digest ?? '')
  }
  writeFileSync(layerOf(right.digest), readFileSync(layerOf(wrong.digest)))
  await expect(verify({ layout, digest: right.digest })).rejects.toThrow(
    'its content has another digest',
  )
  await expect(unpack({ layout, digest: right.digest, folder: out() })).rejects.toThrow(
    'its content has another digest',
  )
  expect(existsSync(out())).toBe(false)
})

describe('repetition', () => {
  test('unpacking again changes nothing, including files written since', async () => {
    put('a')
    const { digest } = await packAll()
    await unpack({ layout, digest, folder: out() })
    writeFileSync(join(out(), 'data'), 'kept')
    await unpack({ layout, digest, folder: out() })
    expect(readFileSync(join(out(), 'data'), 'utf8')).toBe('kept')
  })

  test('several processes unpack into the same folder', async () => {
    put('a')
    const { digest } = await packAll()
    await Promise.all(Array.from({ length: 5 }, () => unpack({ layout, digest, folder: out() })))
    expect(readdirSync(dirname(folder)).sort()).toEqual(['app', 'layout', 'out'])
    expect(snapshot(out())).toEqual(snapshot(folder))
  })
})

const module = fileURLToPath(new URL('oci.ts', import.meta.url))
/** Another process that packs folders of its own making into the same layout. */
function packer(name: string, times: number, size: number) {
  const code = `
    import { pack } from ${JSON.stringify(module)}
    import { mkdirSync, writeFileSync } from 'node:fs'
    import { randomBytes } from 'node:crypto'
    const folder = ${JSON.stringify(join(dirname(folder), name))}
    mkdirSync(folder)
    for (let i = 0; i < ${times}; i++) {
      writeFileSync(folder + '/file', randomBytes(${size}))
      const { digest } = await pack({ layout: ${JSON.stringify(layout)}, folder, include: ['.'], exclude: [], annotations: { name: ${JSON.stringify(name)} } })
      console.log(digest)
    }`
  return spawn(process.execPath, ['--input-type=module-typescript', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

longTest('loses no entry when processes pack at the same time', async () => {
  // Many entries make the index slow to write, so that the writers meet.
  mkdirSync(join(layout, 'entries'), { recursive: true })
  const others = Array.from({ length: 3000 }, () => randomBytes(32).toString('hex'))
  for (const name of others)
    writeFileSync(
      join(layout, 'entries', `${name}.json`),
      JSON.stringify({ digest: `sha256:${name}` }),
    )
  const digests = await Promise.all(
    ['p1', 'p2', 'p3'].map(async (name) =>
      (await packer(name, 12, 100).stdout.setEncoding('utf8').toArray())
        .join('')
        .trim()
        .split('\n'),
    ),
  )
  const all = digests.flat().sort()
  expect(all.length).toBe(36)
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as {
    manifests: { digest: string; annotations: object }[]
  }
  expect(index.manifests.map(({ digest }) => digest).sort()).toEqual(
    [...all, ...others.map((each) => `sha256:${each}`)].sort(),
  )
  expect(list(layout).filter(({ annotations }) => annotations?.['name'] === 'p2').length).toBe(12)
  for (const digest of all.slice(0, 10)) await verify({ layout, digest })
})

test('leaves only complete images when a packer is killed, and cleans up its files', async () => {
  for (let round = 0; round < 4; round += 1) {
    const child = packer(`k${round}`, 1000, 400_000)
    const gone = new Promise((done) => child.once('exit', done))
    await new Promise((first) => child.stdout.once('data', first))
    await new Promise((later) => setTimeout(later, round * 7))
    child.kill('SIGKILL')
    await gone
    for (const { digest } of list(layout)) await verify({ layout, digest })
  }
  put('a')
  const { digest } = await packAll()
  await collectGarbage({ layout, keep: list(layout).map((each) => each.digest), graceMs: -1 })
  const names = [...readdirSync(layout), ...readdirSync(join(layout, 'blobs/sha256'))]
  expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([])
  await verify({ layout, digest })
})

longTest('leaves no folder when an unpack is killed, and the next one succeeds', async () => {
  for (let i = 0; i < 60; i += 1) put(`dir${i % 7}/file${i}`, randomBytes(200_000))
  const { digest } = await packAll()
  let killed = 0
  for (let round = 0; round < 6; round += 1) {
    const code = `
      import { unpack } from ${JSON.stringify(module)}
      console.log('begin')
      await unpack(${JSON.stringify({ layout, digest, folder: out(`killed${round}`) })})`
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const gone = new Promise((done) => child.once('exit', done))
    await new Promise((begun) => child.stdout.once('data', begun))
    await new Promise((later) => setTimeout(later, round * 6))
    child.kill('SIGKILL')
    await gone
    if (!existsSync(out(`killed${round}`))) killed += 1
    await unpack({ layout, digest, folder: out(`killed${round}`), durable: false })
    expect(snapshot(out(`killed${round}`))).toEqual(snapshot(folder))
  }
  expect(killed).toBeGreaterThan(0)
  expect(readdirSync(dirname(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([])
})

const mayMount = process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0
const needsMount = skipWhen(!mayMount, 'a file system cannot be mounted: run the tests as root')

test('refuses files whose apparent size exceeds the limit, before it reads them', async () => {
  put('sparse', '')
  truncateSync(join(folder, 'sparse'), 1024 ** 4)
  const request = { layout, folder, include: ['.'], exclude: [], annotations: {} }
  await expect(pack({ ...request, mostBytes: 5_000_000 })).rejects.toThrow(
    'artifact: the files up to "sparse" need more than the 5 MB that are free on the disk; ' +
      'exclude large files, or free space',
  )
  expect(readdirSync(join(layout, 'blobs', 'sha256'))).toEqual([])
})

test('unpacks no more than the free space of the disk, less what is kept free', async () => {
  put('small', 'a')
  const { digest } = await pack({ layout, folder, include: ['.'], exclude: [], annotations: {} })
  await expect(unpack({ layout, digest, folder: out('none'), keepFree: 2 ** 60 })).rejects.toThrow(
    /^the artifact cannot be unpacked: it needs more than the 0 MB that are free on the disk/,
  )
  expect(readdirSync(dirname(out('none'))).filter((name) => name.startsWith('none'))).toEqual([])
  await unpack({ layout, digest, folder: out('all'), keepFree: 0 })
  expect(readdirSync(out('all'))).toEqual(['small'])
})

test('reports a full disk, and leaves no partial files', needsMount, () => {
  put('large', randomBytes(3_000_000))
  const code = `
    import { pack, unpack } from ${JSON.stringify(module)}
    import { readdirSync, rmSync } from 'node:fs'
    const [disk, folder, outside] = ${JSON.stringify([out('disk'), folder, layout])}
    const request = { folder, include: ['.'], exclude: [], annotations: {} }
    const say = (error) => console.log(error.message)
    await pack({ ...request, layout: disk + '/layout' }).catch(say)
    console.log(JSON.stringify(readdirSync(disk + '/layout/blobs/sha256')))
    rmSync(disk + '/layout', { recursive: true })
    const { digest } = await pack({ ...request, layout: outside })
    await unpack({ layout: outside, digest, folder: disk + '/app' }).catch(say)
    console.log(JSON.stringify(readdirSync(disk)))`
  mkdirSync(out('disk'))
  const said = execFileSync(
    'unshare',
    [
      '-m',
      'sh',
      '-c',
      'mount -t tmpfs -o size=1m none "$0" && exec "$@"',
      out('disk'),
      process.execPath,
      '--input-type=module-typescript',
      '-e',
      code,
    ],
    { encoding: 'utf8' },
  )
  expect(said.trim().split('\n')).toEqual([
    'the artifact cannot be packed: no space is left on the disk',
    '[]',
    'the artifact cannot be unpacked: no space is left on the disk',
    '[]',
  ])
})

describe('clean-up', () => {
  test('removes unused blobs, but none that is new or shared', async () => {
    put('a', 'one')
    const first = await packAll()
    put('a', 'two')
    const second = await packAll()
    expect(await collectGarbage({ layout, keep: [] })).toEqual({ removed: [], freed: 0 })
    const old = await collectGarbage({
      layout,
      keep: [second.digest],
      now: () => Date.now() + 3_600_000,
    })
    expect(old).toEqual({ removed: [first.digest], freed: first.size })
    expect(list(layout).map(({ digest }) => digest)).toEqual([second.digest])
    await verify({ layout, digest: second.digest })
    await expect(verify({ layout, digest: first.digest })).rejects.toThrow('was cleaned up')
  })

  test('counts an artifact that was packed again as new', async () => {
    put('a', 'one')
    const { digest } = await packAll()
    const past = new Date(Date.now() - 3_600_000)
    for (const name of readdirSync(join(layout, 'blobs/sha256')))
      utimesSync(join(layout, 'blobs/sha256', name), past, past)
    utimesSync(join(layout, 'entries', `${digest.slice(7)}.json`), past, past)
    await packAll()
    expect((await collectGarbage({ layout, keep: [] })).removed).toEqual([])
  })

  test('repeats a removal safely, and rebuilds a damaged index', async () => {
    put('a')
    const { digest } = await packAll()
    truncateSync(join(layout, 'index.json'), 10)
    expect(list(layout).map((each) => each.digest)).toEqual([digest])
    remove({ layout, digest })
    remove({ layout, digest })
    expect(list(layout)).toEqual([])
  })
})
