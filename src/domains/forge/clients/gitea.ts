import { giteaApi } from 'gitea-js'
import { z } from 'zod'
import { type ConnectForge, ForgeRefusal } from '../client.ts'

/** Forgejo's API is Gitea's: https://docs.gitea.com/api, https://forgejo.org/docs/latest/user/api-usage. Neither knows deployments. */
export const gitea: ConnectForge = ({ url, repository, token, fetch }) => {
  const api = giteaApi(url, { token, customFetch: fetch })
  const [owner = '', repo = ''] = repository.split('/')
  return {
    writeStatus: async ({ sha, name, state, description, url: target }) => {
      try {
        await api.repos.repoCreateStatus(owner, repo, sha, { state, context: name, description, target_url: target })
      } catch (error) {
        const { data } = refused.safeParse(error)
        if (!data) throw error
        throw new ForgeRefusal(data.status, data.headers, data.error?.message ?? '')
      }
    },
  }
}

/** The client throws the response. */
const refused = z.object({
  status: z.number(),
  headers: z.instanceof(Headers),
  error: z.object({ message: z.string().optional() }).nullish().catch(null),
})
