import { AlertDialog } from '@base-ui/react/alert-dialog'
import { Dialog } from '@base-ui/react/dialog'
import { useState } from 'react'
import { Button } from './button.tsx'
import type { ConfirmProps, ModalProps } from './dialog.tsx'
import { ProblemLine } from './problem.tsx'
import { classes } from './classes.ts'

const backdrop = 'overlay fixed inset-0 z-40 bg-black/40'
const popup = classes(
  'overlay fixed top-1/2 left-1/2 z-50 flex max-h-[85dvh]',
  'w-[min(32rem,calc(100vw-2rem))] -translate-x-1/2 -translate-y-1/2',
  'flex-col gap-4 overflow-y-auto rounded-xl border border-edge bg-panel',
  'p-5 shadow-2xl outline-none',
)

/** Asks for confirmation of an action. When the action fails, stays open and shows the error. */
export function ConfirmView({ question, close }: ConfirmProps) {
  const [error, setError] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const leave = (): void => {
    setError(null)
    close()
  }
  const act = async (): Promise<void> => {
    setBusy(true)
    setError(null)
    try {
      await question?.act()
      leave()
    } catch (problem) {
      setError(problem)
    } finally {
      setBusy(false)
    }
  }
  return (
    <AlertDialog.Root
      open={question !== null}
      onOpenChange={(open) => (open ? undefined : leave())}
    >
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={backdrop} />
        <AlertDialog.Popup className={popup}>
          <AlertDialog.Title className="text-lg font-semibold">{question?.title}</AlertDialog.Title>
          <AlertDialog.Description render={<div />} className="text-soft">
            {question?.text}
          </AlertDialog.Description>
          <ProblemLine error={error} />
          <div className="flex justify-end gap-2">
            <Button onClick={leave}>Cancel</Button>
            <Button
              kind={question?.danger ? 'danger' : 'primary'}
              disabled={busy}
              onClick={() => void act()}
            >
              {question?.verb}
            </Button>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}

/** A dialog with a title and any content. */
export function ModalView({ open, close, title, children, atTop = false }: ModalProps) {
  return (
    <Dialog.Root open={open} onOpenChange={(isOpen) => (isOpen ? undefined : close())}>
      <Dialog.Portal>
        <Dialog.Backdrop className={backdrop} />
        <Dialog.Popup
          className={classes(
            popup,
            atTop ? 'top-[12dvh] max-h-[70dvh] translate-y-0 gap-0 overflow-hidden p-0' : '',
          )}
        >
          <Dialog.Title className={atTop ? 'sr-only' : 'text-lg font-semibold'}>
            {title}
          </Dialog.Title>
          {children}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
