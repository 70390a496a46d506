import { defineDetector } from '../detector.ts'
import { type Folder, parentsOf } from '../folder.ts'
import { healthIn, portNote } from '../hints.ts'

export default defineDetector({
  name: 'Rust',
  kind: 'language',
  order: 30,
  example: { 'Cargo.toml': '[package]' },
  detect: (folder) => {
    if (!folder.has('Cargo.toml')) return null
    const workspace = parentsOf(folder).find((one) =>
      /^\[workspace\]/m.test(one.folder.read('Cargo.toml')),
    )
    const isLocked = (workspace?.folder ?? folder).has('Cargo.lock')
    // Cargo builds into the root of the workspace, and the artifact holds the folder of the app.
    const options = `${isLocked ? ' --locked' : ''}${workspace ? ' --target-dir target' : ''}`
    const program = programOf(folder)
    const sources = folder.files
      .filter((path) => path.endsWith('.rs'))
      .map((path) => folder.read(path))
    const health = healthIn(...sources)
    return {
      steps: [
        { name: 'build', run: `cargo build --release${options}`, tools: ['cargo'] },
        { name: 'test', run: `cargo test --release${options}`, tools: ['cargo'] },
      ],
      services:
        program && isServer(folder, sources)
          ? [{ name: 'web', run: `target/release/${program}`, ...(health ? { health } : {}) }]
          : [],
      exclude: [
        'target/release/deps',
        'target/release/build',
        'target/release/incremental',
        'target/release/.fingerprint',
      ],
      found: [
        program
          ? `Cargo.toml: Rust; the program is ${program}.`
          : 'Cargo.toml: Rust, a library or a workspace; add the program to run as a service.',
        ...(program && !isServer(folder, sources)
          ? ['It does not seem to listen; add a service if it does.']
          : []),
        ...(program && isServer(folder, sources)
          ? portNote('The Rust code', sources.join('\n'))
          : []),
      ],
    }
  },
})

/** A program that listens, by its dependencies or its code; others are tools for the shell. */
const isServer = (folder: Folder, sources: string[]): boolean =>
  /^(axum|actix-web|rocket|warp|hyper|tide|poem|salvo|tonic|tiny_http)\b/m.test(
    folder.read('Cargo.toml'),
  ) || sources.some((text) => /\bPORT\b|TcpListener/.test(text))

function programOf(folder: Folder): string | null {
  const text = folder.read('Cargo.toml')
  const named = /^\[\[bin\]\][^[]*?^name\s*=\s*"([\w-]+)"/m.exec(text)?.[1]
  const pack = /^\[package\][^[]*?^name\s*=\s*"([\w-]+)"/m.exec(text)?.[1]
  return named ?? (folder.has('src/main.rs') ? (pack ?? null) : null)
}
