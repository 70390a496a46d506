import { connectionConfig } from '../config.ts'
import { defineForge } from '../forge.ts'
import { connectGitea, giteaWebhook } from '../gitea-like.ts'
import { gitHubPullRequestRef } from '../github-payload.ts'

/** Webhooks: https://docs.gitea.com/usage/webhooks */
export default defineForge({
  kind: 'gitea',
  title: 'Gitea',
  webhook: giteaWebhook('gitea', ['github']),
  api: {
    publicUrl: null,
    config: connectionConfig('Gitea', null),
    example: { url: 'https://git.example.com', repository: 'acme/shop', token: '0123abcd' },
    open: () => connectGitea,
    hasIssues: true,
  },
  pullRequestRef: gitHubPullRequestRef,
})
