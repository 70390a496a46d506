/** Joins CSS classes, and leaves out empty parts. */
export const classes = (...parts: string[]): string => parts.filter(Boolean).join(' ')
