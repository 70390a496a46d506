import { classes } from '../ui/classes.ts'

/** The classes of the button that opens the account menu, before and after the menu is loaded. */
export const accountButton = classes(
  'flex size-8 items-center justify-center rounded-md text-soft',
  'hover:bg-hover hover:text-ink pointer-coarse:size-10',
)
