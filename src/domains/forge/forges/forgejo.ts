import { connectionConfig } from '../config.ts'
import { defineForge } from '../forge.ts'
import { connectGitea, giteaWebhook } from '../gitea-like.ts'
import { gitHubPullRequestRef } from '../github-payload.ts'

/** Webhooks: https://forgejo.org/docs/latest/user/webhooks */
export default defineForge({
  kind: 'forgejo',
  title: 'Forgejo',
  webhook: giteaWebhook('forgejo', ['gitea', 'github']),
  api: {
    publicUrl: null,
    config: connectionConfig('Forgejo', null),
    example: { url: 'https://git.example.com', repository: 'acme/shop', token: '0123abcd' },
    open: () => connectGitea,
    hasIssues: true,
  },
  pullRequestRef: gitHubPullRequestRef,
})
