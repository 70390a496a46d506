import type { z } from 'zod'
import * as channelStore from '#domains/alert/channel-store.ts'
import {
  type ChannelIo,
  type ChannelKind,
  type Message,
  Refused,
} from '#platform/channel/channel.ts'
import { channels } from '#platform/channel/channels.generated.ts'
import type { Database } from '#platform/postgres/postgres.ts'
import type { Statement } from '#platform/postgres/sql.ts'
import type { SecretBox } from '#platform/secret/secret-box.ts'

export interface NotifyParts {
  db: Database
  secrets: SecretBox
  io: ChannelIo
  publicUrl: string
}

const kinds = channels as unknown as readonly ChannelKind[]

export const channelKind = (kind: string): ChannelKind | null =>
  kinds.find((one) => one.kind === kind) ?? null

/** The kinds as the API shows them. */
export const kindViews = () =>
  kinds.map(({ kind, title, settings }) => {
    const fields = Object.entries((settings as z.ZodObject).shape)
    const isOptional = ([, field]: [string, z.ZodType]): boolean =>
      field.safeParse(undefined).success
    return {
      ...{ kind, title },
      required: fields.filter((field) => !isOptional(field)).map(([name]) => name),
      optional: fields.filter(isOptional).map(([name]) => name),
    }
  })

/** When the channel may be sent to (ISO 8601), if its rate limit does not allow it now. */
export async function slotOf(
  { db }: Pick<NotifyParts, 'db'>,
  name: string,
): Promise<string | null> {
  const stored = await channelStore.getChannel(db, name)
  const kind = stored && channelKind(stored.kind)
  return kind ? channelStore.takeSlot(db, name, kind.limit) : null
}

/** Sends a message to a channel. Throws `Refused` when it does not accept it. */
export async function sendTo(
  { db, secrets, io }: Pick<NotifyParts, 'db' | 'secrets' | 'io'>,
  name: string,
  message: Message,
): Promise<void> {
  const stored = await channelStore.getChannel(db, name)
  const kind = stored && channelKind(stored.kind)
  if (!kind) throw new Refused('it does not exist')
  const text = secrets.open(channelStore.sealedAs(name), stored.settings)
  await kind.send(message, kind.settings.parse(JSON.parse(text)), io)
}

/** Lets a channel that said for how long it is `full` get nothing until then. */
export async function hold(
  { db }: Pick<NotifyParts, 'db'>,
  name: string,
  full: number | null,
): Promise<Statement[]> {
  const stored = full === null ? null : await channelStore.getChannel(db, name)
  const kind = stored && channelKind(stored.kind)
  return kind && full !== null ? [channelStore.holdChannel(name, kind.limit, full)] : []
}
