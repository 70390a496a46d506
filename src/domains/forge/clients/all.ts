import type { ForgeKind } from '#contract/forge/forge.ts'
import type { ConnectForge } from '../client.ts'
import { bitbucket } from './bitbucket.ts'
import { gitea } from './gitea.ts'
import { github } from './github.ts'
import { gitlab } from './gitlab.ts'

/** Adding a forge takes one file, and its line here. */
export const clients: Record<ForgeKind, ConnectForge> = {
  github,
  gitlab,
  gitea,
  forgejo: gitea,
  bitbucket,
}
