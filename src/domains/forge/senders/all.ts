import type { Forge } from '../sender.ts'
import { bitbucket } from './bitbucket.ts'
import { cloudevents } from './cloudevents.ts'
import { forgejo, gitea } from './gitea.ts'
import { github } from './github.ts'
import { gitlab } from './gitlab.ts'

/**
 * In the order in which they are tried: who sends another's headers besides its own comes before
 * that other.
 */
export const forges: Forge[] = [forgejo, gitea, github, gitlab, bitbucket, cloudevents]
