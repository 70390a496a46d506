import type { HostRoster, Outage, OutagePage } from '#contract/host/roster.ts'
import { type ChannelKind, type Message, Refused } from '#platform/channel/channel.ts'
import { channels } from '#platform/channel/channels.generated.ts'
import { guardedFetch } from '#platform/net/private.ts'
import { policyOf } from './monitors.ts'
import { linkKey } from './outage-link.ts'

const kinds = channels as unknown as readonly ChannelKind[]

/** The host that sends. */
export interface Sender {
  hostName: string
  /** the address at which the edge serves the links in messages; null: they have none */
  url: URL | null
  /** how many releases run on this host */
  countReleases(): number
}

/** Sends a message; returns why the channel did not accept it, or null. */
export async function deliverPage(
  sender: Sender,
  roster: HostRoster,
  outage: Outage,
  page: OutagePage,
): Promise<string | null> {
  const stored = roster.channels[page.channel]
  const kind = kinds.find((one) => one.kind === stored?.kind)
  const settings = kind?.settings.safeParse(stored?.settings)
  if (!kind || !settings?.success) return 'this host does not know the channel'
  const { mail, commands } = roster
  const io = { fetch: guardedFetch(policyOf(roster)), mail, commands }
  try {
    await kind.send(messageOf(sender, roster, outage, page), settings.data, io)
    return null
  } catch (error) {
    return error instanceof Refused ? error.message : 'it cannot be reached'
  }
}

function messageOf(
  { hostName, countReleases, url }: Sender,
  { publicUrl }: HostRoster,
  outage: Outage,
  page: OutagePage,
): Message {
  const { alert, since } = outage
  const key = linkKey(outage, page)
  const answerUrl = url === null || key === null ? null : `${url.origin}/answer?key=${key}`
  const last = Number.isFinite(since)
    ? ` since ${new Date(since).toISOString().slice(11, 19)} UTC`
    : ''
  return {
    ...{ id: page.id, kind: 'opened', urgency: 'high', answerUrl },
    title: 'Fairlead does not answer',
    lines: [
      `No server of ${new URL(publicUrl).host} has answered${last}.`,
      `The host ${hostName} sends this itself; ${countReleases()} releases run on it.`,
      ...(answerUrl === null ? ['Nobody can acknowledge this message.'] : []),
      `You get this because ${page.reason}.`,
    ],
    url: `${publicUrl}/alerts/${alert}`,
    alert: { id: alert, app: null, environment: null, service: null, deployment: null },
  }
}
