import { Modal } from '../ui/dialog.tsx'
import { keyHelp } from './keys.ts'
import { classes } from '../ui/classes.ts'

export function KeysDialog({ open, close }: { open: boolean; close: () => void }) {
  return (
    <Modal open={open} close={close} title="Keyboard shortcuts">
      <dl className="grid grid-cols-[auto_1fr] items-baseline gap-x-5 gap-y-2">
        {keyHelp.map(([keys, text]) => (
          <div key={keys} className="contents">
            <dt>
              <kbd
                className={classes(
                  'rounded border border-edge-strong bg-sunken px-1.5 py-0.5 font-mono',
                  'text-small whitespace-nowrap',
                )}
              >
                {keys}
              </kbd>
            </dt>
            <dd className="text-soft">{text}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  )
}
