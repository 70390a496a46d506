import { lazy, type ReactNode, Suspense, useRef } from 'react'

export interface Question {
  title: string
  text: ReactNode
  /** the word on the button that does it */
  verb: string
  danger?: boolean
  act: () => Promise<unknown>
}

export interface ConfirmProps {
  question: Question | null
  close: () => void
}

export interface ModalProps {
  open: boolean
  close: () => void
  title: string
  children: ReactNode
  /** near the upper edge, and without a title to see */
  atTop?: boolean
}

// What dialogs need is read when the first one opens, so that pages come up without it.
export const readDialogs = () => import('./dialog-views.tsx')
const ConfirmView = lazy(async () => ({ default: (await readDialogs()).ConfirmView }))
const ModalView = lazy(async () => ({ default: (await readDialogs()).ModalView }))

/** Asks before something is done; stays open with the reason when it could not be done. */
export function Confirm(props: ConfirmProps) {
  const wasOpen = useRef(false)
  wasOpen.current ||= props.question !== null
  return wasOpen.current ? (
    <Suspense fallback={null}>
      <ConfirmView {...props} />
    </Suspense>
  ) : null
}

/** A dialog with a title and whatever is in it. */
export function Modal(props: ModalProps) {
  const wasOpen = useRef(false)
  wasOpen.current ||= props.open
  return wasOpen.current ? (
    <Suspense fallback={null}>
      <ModalView {...props} />
    </Suspense>
  ) : null
}
