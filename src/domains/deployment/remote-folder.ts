import { createHash } from 'node:crypto'
import { FairleadError } from '#contract/errors.ts'
import { copyOverSsh, runOverSsh, type SshResult, type SshSettings } from '#platform/ssh/ssh.ts'
import { type State, stateSchema } from './published-state.ts'
import type { Fence } from './target.ts'

/** What is in the folder. */
export interface RemoteContent {
  state: State | null
  /** names the state, for a change that must follow it */
  tag: string
  /** the releases that are complete, and the one that `current` leads to */
  releases: number[]
  live: number | null
}

/** Exit code of a script that found another state than it was told. */
const changed = 42
const noState = 'none'
const stateFile = '.fairlead.json'

/** Writes to the disk what a script changed, where the machine can. */
const flush = '{ sync -f . 2>/dev/null || :; }'

/** Begins a script that changes the folder `$1`, if its state is still `$2`. */
const locked = `
umask 022
mkdir -p -- "$1" && cd -- "$1" || exit 1
exec 9>.fairlead.lock && flock 9 || exit 1
now=${noState}
if [ -e ${stateFile} ]; then now=$(sha256sum < ${stateFile} | cut -c 1-64); fi
[ "$now" = "$2" ] || exit ${changed}
`

const scripts = {
  read: `
cd -- "$1" 2>/dev/null || exit 0
if [ -e ${stateFile} ]; then cat ${stateFile}; fi
printf '\\n'
readlink current || printf '\\n'
ls releases 2>/dev/null
exit 0`,
  outer: `
folder=$1
while [ "$folder" != "$2" ] && [ "$folder" != / ]; do
  folder=$(dirname -- "$folder")
  [ -e "$folder/${stateFile}" ] && exit 1
done
exit 0`,
  write: `${locked}
cat > .fairlead.draft && mv -- .fairlead.draft ${stateFile} && ${flush}`,
  keep: `${locked}
mkdir -p releases
if [ -e "releases/$3" ]; then rm -rf -- "$4"; else mv -T -- "$4" "releases/$3"; fi
rm -rf -- ".draft-$3-"* && ${flush}`,
  point: `${locked}
[ -e "releases/$3" ] || exit 1
rm -f .current.draft
ln -s "releases/$3" .current.draft && mv -T -- .current.draft current && ${flush}`,
  remove: `${locked}
rm -rf -- ".removed-$3" ".draft-$3-"*
if [ -e "releases/$3" ]; then mv -T -- "releases/$3" ".removed-$3"; fi
rm -rf -- ".removed-$3"`,
  removeAll: `${locked}
rm -rf -- current .removed-* .draft-* .current.draft
if [ -e releases ]; then mv -T releases .removed-all; fi
rm -rf -- .removed-all
rm -f ${stateFile} .fairlead.lock`,
}

/** Where a folder is: the machine, its path there, and the allowed folder that it is inside of. */
export interface RemotePlace {
  destination: string
  folder: string
  root: string
}

/** A folder of another machine in which releases are published by a link. */
export class RemoteFolder {
  readonly #place: RemotePlace
  readonly #ssh: SshSettings

  constructor(place: RemotePlace, ssh: SshSettings) {
    this.#place = place
    this.#ssh = ssh
  }

  async read(): Promise<RemoteContent> {
    const { stdout } = await this.#run(scripts.read)
    const [text = '', link = '', ...names] = stdout.split('\n')
    const live = /^releases\/(\d+)$/.exec(link)?.[1]
    return {
      state: text === '' ? null : stateSchema.parse(JSON.parse(text)),
      tag: tagOf(text),
      releases: names.filter((name) => /^\d+$/.test(name)).map(Number),
      live: live === undefined ? null : Number(live),
    }
  }

  /** Whether a folder above, up to the root, belongs to an environment. */
  async isInsideAnother(): Promise<boolean> {
    return (await this.#run(scripts.outer, [this.#place.root])).code !== 0
  }

  /** Each of these returns whether the state was still the one with the tag. */
  async write(tag: string, state: State): Promise<boolean> {
    return this.#change(scripts.write, [tag], JSON.stringify(state))
  }
  async point(tag: string, release: number): Promise<boolean> {
    return this.#change(scripts.point, [tag, String(release)])
  }
  async keep(tag: string, release: number, draft: string): Promise<boolean> {
    return this.#change(scripts.keep, [tag, String(release), draft])
  }
  async remove(tag: string, release: number): Promise<boolean> {
    return this.#change(scripts.remove, [tag, String(release)])
  }
  async removeAll(tag: string): Promise<boolean> {
    return this.#change(scripts.removeAll, [tag])
  }

  /**
   * Copies files to a draft, of which `keep` makes a release. Files that are the same in the live
   * release are linked to it. Returns the draft, or why the machine did not take the files.
   */
  async upload(
    site: string,
    release: number,
    { deployment, epoch }: Fence,
  ): Promise<{ draft: string } | { problem: string }> {
    const draft = `.draft-${release}-${deployment}-${epoch}`
    const { code, stderr } = await copyOverSsh(this.#ssh, site, {
      ...{ destination: this.#place.destination, folder: `${this.#place.folder}/${draft}` },
      same: '../current',
    })
    if (code === 0) return { draft }
    return { problem: `rsync to ${this.#place.destination} failed: ${lastLine(stderr)}` }
  }

  async #change(script: string, args: string[], input = ''): Promise<boolean> {
    const { code, stderr } = await this.#run(script, args, input)
    if (code === changed) return false
    if (code === 0) return true
    const { destination, folder } = this.#place
    const why = `${destination} cannot change ${folder}: ${lastLine(stderr)}`
    throw new FairleadError('not_now', { why })
  }

  #run(script: string, args: string[] = [], input = ''): Promise<SshResult> {
    return runOverSsh(this.#ssh, this.#place.destination, script, {
      args: [this.#place.folder, ...args],
      input,
    })
  }
}

const tagOf = (text: string): string =>
  text === '' ? noState : createHash('sha256').update(text).digest('hex')

const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.slice(0, 300) ?? ''
