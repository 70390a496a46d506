import { z } from 'zod'

/** Somebody who gets a message of a step. */
export const rosterRecipient = z.object({
  channel: z.string(),
  person: z.string().nullable(),
  /** without full stop */
  reason: z.string(),
  /** the other channels of the person, which are tried when this one refuses the message */
  others: z.array(z.string()),
})
export type RosterRecipient = z.infer<typeof rosterRecipient>

/** The steps of an escalation, in order. */
export const rosterPlan = z.array(
  z.object({
    recipients: z.array(rosterRecipient),
    /** seconds until the next step; null after the last */
    pause: z.number().nullable(),
  }),
)
export type RosterPlan = z.infer<typeof rosterPlan>

/** One of the hosts of an installation. */
export const rosterHost = z.object({
  id: z.string(),
  /** where its edge serves the links in its messages and other hosts; null: it cannot be asked */
  url: z.string().nullable(),
})
export type RosterHost = z.infer<typeof rosterHost>

/**
 * Everything that a host needs to notify people when no server answers. It contains secrets: the
 * settings of channels and the address of the mail server. Times are in milliseconds since 1970.
 */
export const hostRoster = z.object({
  /** the id of the alert of the next outage, reserved by the server; null: nobody is notified */
  alert: z.number().int().nullable(),
  /** the outage that the server has recorded, so that the host forgets it; null for none */
  recorded: z.number().int().nullable(),
  /** milliseconds without a call of a server until people are notified */
  after: z.number(),
  /** addresses of servers: one that answers can notify people itself */
  servers: z.array(z.string()),
  /** private hosts and networks that channels may be in; null for all */
  privateHosts: z.array(z.string()).nullable(),
  /** FAIRLEAD_ALLOW_ADDRESSES of the server */
  allowAddresses: z.string(),
  publicUrl: z.string(),
  mail: z.object({ url: z.string(), from: z.string() }).nullable(),
  /** folder of the programs of the channel `command` */
  commands: z.string().nullable(),
  channels: z.record(z.string(), z.object({ kind: z.string(), settings: z.unknown() })),
  plans: z.array(rosterPlan),
  /** which plan holds until when; the last one holds on */
  shifts: z.array(z.object({ until: z.number(), plan: z.number().int() })),
  /** the hosts of the installation: the first one that answers sends */
  hosts: z.array(rosterHost).default([]),
  /** the same for all of them: signs what they say to each other, and the links in messages */
  secret: z.string().default(''),
})
export type HostRoster = z.infer<typeof hostRoster>

/** A message that a host sent, or tries to send. */
export const outagePage = rosterRecipient.extend({
  /** the same when the message is sent again */
  id: z.string(),
  /** 1, and one more each time an acknowledgement expired */
  occurrence: z.number().int().default(1),
  step: z.number().int(),
  /** dropped: nobody tried to send it before it was not needed any more */
  state: z.enum(['pending', 'sent', 'failed', 'dropped']),
  tries: z.number().int(),
  due: z.number(),
  sent: z.number().nullable(),
  problem: z.string().nullable(),
})
export type OutagePage = z.infer<typeof outagePage>

/** What a person did with the link of a message of a host. */
export const outageAnswer = z.object({
  /** the id of the message */
  page: z.string(),
  person: z.string(),
  time: z.number(),
  /** when the alert opens again; null for "not mine", which passes it on */
  until: z.number().nullable(),
})

/** A time without a server in which a host notified people. */
export const outage = z.object({
  /** the id of its alert */
  alert: z.number().int(),
  /** the last call of a server */
  since: z.number(),
  /** when the host began to notify people */
  began: z.number(),
  /** when a server answered again; null while none does */
  ended: z.number().nullable(),
  /** the number of the next step */
  step: z.number().int(),
  /** when the next step is due; null after the last */
  next: z.number().nullable(),
  /** signs the links of its messages; without it they have none */
  secret: z.string().default(''),
  occurrence: z.number().int().default(1),
  answers: z.array(outageAnswer).default([]),
  pages: z.array(outagePage),
})
export type Outage = z.infer<typeof outage>

/** What a host answers to a roster: who it is, and the outage that is to be recorded. */
export const rosterAnswer = z.object({
  host: rosterHost.nullable().default(null),
  outage: outage.nullable(),
})
export type RosterAnswer = z.infer<typeof rosterAnswer>

/** What a host says to another one while no server calls it, and what that one answers. */
export const peerReport = z.object({
  /** its id in the roster */
  host: z.string(),
  /** milliseconds since a server called it or answered; null for never */
  age: z.number().nullable(),
  /** whether it can notify people: it has a roster, and channels can be reached from it */
  canSend: z.boolean(),
  /** whether it is sending a message at this moment */
  isSending: z.boolean(),
  /** what it knows about messages and answers; its `secret` is left out */
  outage: outage.nullable(),
})
export type PeerReport = z.infer<typeof peerReport>
