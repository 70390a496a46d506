import { z } from 'zod'
import { chatText } from '../../markdown.ts'
import { defineChannel, postJson } from '../channel.ts'

/** https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using */
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
              { type: 'TextBlock', text: chatText(title), weight: 'Bolder', wrap: true },
              ...lines.map((text) => ({ type: 'TextBlock', text: chatText(text), wrap: true })),
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
