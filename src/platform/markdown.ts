/** Text of people on one line that Markdown shows as it is. Pure. */
export const escapeMarkdown = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[\\`*_{}[\]<>()#+!|~&-]/g, '\\$&')

/** The same where names are notified: an invisible space follows each `@`. Pure. */
export const escapeMentions = (text: string): string =>
  escapeMarkdown(text).replaceAll('@', '@\u200B')

/** Text as code within a line of Markdown. Pure. */
export const codeSpan = (text: string): string =>
  `\`${text.replace(/\s+/g, ' ').trim().replaceAll('`', "'")}\``

/**
 * Text for a chat that may read Markdown: an invisible space keeps a link from hiding its address
 * behind other words, an image from being loaded, and a name from being notified. Pure.
 */
export const chatText = (text: string): string =>
  text.replace(/\](?=[([:])/g, ']\u200B').replace(/(?<!\w)@(?=\w)/g, '@\u200B')
