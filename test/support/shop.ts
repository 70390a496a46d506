import { insertArtifact } from '#domains/artifact/store.ts'
import { insertApp, insertChange } from '#domains/source/store.ts'
import type { Database } from '#platform/postgres/postgres.ts'

/** The commit of the change of `insertShop`. */
export const shopCommit = 'a'.repeat(40)

/** Stores the app `shop` with one change and its artifact `sha256:a`. */
export async function insertShop(db: Database): Promise<void> {
  const change = {
    ...{ app: 'shop', sha: shopCommit, base: null, branch: 'main', subject: 'Change' },
    ...{ author: { name: 'Ada', email: 'ada@example.com' }, chain: 'change/1' },
    committed: '2026-03-10T00:00:00Z',
  }
  await db.batch([
    insertApp({ name: 'shop', repository: { kind: 'hosted' }, branch: 'main', folder: '.' }),
    insertChange(change, false),
    insertArtifact({ digest: 'sha256:a', app: 'shop', size: 1, run: 1, isFromPullRequest: false }),
  ])
}
