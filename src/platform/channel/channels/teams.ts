import { z } from 'zod'
import { chatText } from '../../markdown.ts'
import { defineChannel, postJson, shorten } from '../channel.ts'

/** A card takes 28 KB; a character may be three bytes. */
const longest = { title: 300, text: 7000 }

/**
 * "Post to a channel when a webhook request is received", with an Adaptive Card:
 * https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
 */
export default defineChannel({
  kind: 'teams',
  title: 'A workflow of Microsoft Teams that posts what its webhook receives',
  settings: z.strictObject({ url: z.url({ protocol: /^https?$/ }) }),
  example: { url: 'https://prod-00.westeurope.logic.azure.com/workflows/x/triggers/manual' },
  limit: { messages: 4, seconds: 4 },
  send: ({ title, lines, url: page, answerUrl }, { url }, io) =>
    postJson(io, url, {
      type: 'message',
      attachments: [
        {
          contentType: 'application/vnd.microsoft.card.adaptive',
          contentUrl: null,
          content: {
            $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
            ...{ type: 'AdaptiveCard', version: '1.4' },
            body: [
              { type: 'TextBlock', text: titleOf(title), weight: 'Bolder', wrap: true },
              ...linesOf(lines).map((text) => ({ type: 'TextBlock', text, wrap: true })),
            ],
            actions: [
              { type: 'Action.OpenUrl', title: 'Open', url: page },
              ...(answerUrl === null
                ? []
                : [{ type: 'Action.OpenUrl', title: 'Acknowledge', url: answerUrl }]),
            ],
          },
        },
      ],
    }),
})

const titleOf = (title: string): string => chatText(shorten(title, longest.title))
const linesOf = (lines: string[]): string[] =>
  chatText(shorten(lines.join('\n'), longest.text)).split('\n')
