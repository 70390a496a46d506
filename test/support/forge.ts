import { createHmac, randomUUID } from 'node:crypto'

export interface Sent {
  headers: Record<string, string>
  body: string
}

const hmac = (secret: string | Buffer, text: string, as: 'hex' | 'base64' = 'hex'): string =>
  createHmac('sha256', secret).update(text).digest(as)

export interface Push {
  ref?: string
  before: string
  after: string
  id?: string
}

export type ForgeVariant = (secret: string, push: Push) => Sent

/** The products of a kind of forge: Bitbucket has two, with different APIs. */
export const forgesOf = (kind: string): string[] =>
  kind === 'bitbucket' ? ['bitbucket', 'bitbucket cloud'] : [kind]

/** A push as each forge announces it, signed with the secret. Names begin with the kind. */
export const pushes: Record<string, ForgeVariant> = {
  github: (secret, push) => {
    const body = JSON.stringify(gitHubBody(push))
    return {
      body,
      headers: {
        'content-type': 'application/json',
        'x-github-event': 'push',
        'x-github-delivery': push.id ?? randomUUID(),
        'x-hub-signature-256': `sha256=${hmac(secret, body)}`,
      },
    }
  },
  'github as a form': (secret, push) => {
    const body = new URLSearchParams({ payload: JSON.stringify(gitHubBody(push)) }).toString()
    return {
      body,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-github-event': 'push',
        'x-github-delivery': push.id ?? randomUUID(),
        'x-hub-signature-256': `sha256=${hmac(secret, body)}`,
      },
    }
  },
  gitea: (secret, push) => giteaLike('gitea', secret, push),
  forgejo: (secret, push) => giteaLike('forgejo', secret, push),
  'gitlab by token': (secret, push) => ({
    body: JSON.stringify({ object_kind: 'push', ...gitHubBody(push) }),
    headers: {
      'content-type': 'application/json',
      'x-gitlab-event': 'Push Hook',
      'x-gitlab-event-uuid': push.id ?? randomUUID(),
      'x-gitlab-token': secret,
    },
  }),
  'gitlab signed': (secret, push) => {
    const body = JSON.stringify({ object_kind: 'push', ...gitHubBody(push) })
    const headers = { 'content-type': 'application/json', 'x-gitlab-event': 'Push Hook' }
    return { body, headers: { ...headers, ...standard(secret, push.id ?? randomUUID(), body) } }
  },
  'bitbucket cloud': (secret, push) => {
    const side = (hash: string) =>
      isZero(hash) ? null : { type: 'branch', name: branchOf(push), target: { hash } }
    const body = JSON.stringify({
      actor: { display_name: 'Octo Cat', nickname: 'octo' },
      push: { changes: [{ old: side(push.before), new: side(push.after) }] },
    })
    return {
      body,
      headers: {
        'content-type': 'application/json',
        'x-event-key': 'repo:push',
        'x-request-uuid': push.id ?? randomUUID(),
        'x-hub-signature': `sha256=${hmac(secret, body)}`,
      },
    }
  },
  'bitbucket data center': (secret, push) => {
    const change = {
      ref: { id: push.ref ?? 'refs/heads/main' },
      fromHash: push.before,
      toHash: push.after,
    }
    const body = JSON.stringify({
      eventKey: 'repo:refs_changed',
      actor: { name: 'octo' },
      changes: [change],
    })
    return {
      body,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'x-event-key': 'repo:refs_changed',
        'x-request-id': push.id ?? randomUUID(),
        'x-hub-signature': `sha256=${hmac(secret, body)}`,
      },
    }
  },
  'cloudevents binary': (secret, push) => ({
    body: JSON.stringify({ subject: { id: push.after, content: { repository: { id: 'shop' } } } }),
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${secret}`,
      'ce-specversion': '1.0',
      'ce-id': push.id ?? randomUUID(),
      'ce-source': '/forge/shop',
      'ce-type': 'dev.cdevents.change.merged.0.2.0',
    },
  }),
  'cloudevents structured': (secret, push) => {
    const body = JSON.stringify({
      specversion: '1.0',
      id: push.id ?? randomUUID(),
      source: '/forge/shop',
      type: 'dev.cdevents.change.merged.0.2.0',
      data: { subject: { id: push.after, content: {} } },
    })
    const headers = { 'content-type': 'application/cloudevents+json' }
    return { body, headers: { ...headers, ...standard(secret, 'msg-1', body) } }
  },
}

export const standard = (
  secret: string,
  id: string,
  body: string,
  seconds = Math.floor(Date.now() / 1000),
) => ({
  'webhook-id': id,
  'webhook-timestamp': String(seconds),
  'webhook-signature': `v1,${hmac(Buffer.from(secret.replace('whsec_', ''), 'base64'), `${id}.${seconds}.${body}`, 'base64')}`,
})

const isZero = (sha: string): boolean => /^0+$/.test(sha)
const branchOf = (push: Push): string => (push.ref ?? 'refs/heads/main').replace('refs/heads/', '')
const gitHubBody = ({ ref = 'refs/heads/main', before, after }: Push) => ({
  ...{ ref, before, after },
  // GitHub, Gitea and Forgejo say who pushed in the one place, GitLab in the other.
  ...{ sender: { login: 'octo' }, user_username: 'octo' },
})

function giteaLike(name: string, secret: string, push: Push): Sent {
  const body = JSON.stringify(gitHubBody(push))
  const id = push.id ?? randomUUID()
  const names = name === 'forgejo' ? ['forgejo', 'gitea'] : ['gitea']
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'push',
      'x-github-delivery': id,
      'x-hub-signature-256': `sha256=${hmac(secret, body)}`,
      ...Object.fromEntries(
        names.flatMap((one) => [
          [`x-${one}-event`, 'push'],
          [`x-${one}-delivery`, id],
          [`x-${one}-signature`, hmac(secret, body)],
        ]),
      ),
    },
  }
}

/** A pull request as GitHub announces it. */
export function gitHubPullRequest(
  secret: string,
  pull: { number: number; state: 'open' | 'closed'; sha: string; branch: string },
): Sent {
  const repo = { clone_url: 'https://git.example.com/acme/shop.git' }
  const body = JSON.stringify({
    action: pull.state === 'open' ? 'synchronize' : 'closed',
    pull_request: {
      ...{
        number: pull.number,
        state: pull.state,
        merged: false,
        title: 'Propose it',
        user: { login: 'grace' },
      },
      head: { ref: pull.branch, sha: pull.sha, repo },
      base: { ref: 'main', sha: '0'.repeat(40), repo },
    },
  })
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'pull_request',
      'x-github-delivery': randomUUID(),
      'x-hub-signature-256': `sha256=${hmac(secret, body)}`,
    },
  }
}
