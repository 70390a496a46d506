import { lazy, type ReactNode, Suspense, useRef } from 'react'

export interface Question {
  title: string
  text: ReactNode
  /** label of the button that confirms */
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
  /** near the upper edge, with a title for screen readers only */
  atTop?: boolean
}

// Dialogs are a chunk of their own, which loads when the first one opens.
export const loadDialogs = () => import('./dialog-views.tsx')
const ConfirmView = lazy(async () => ({ default: (await loadDialogs()).ConfirmView }))
const ModalView = lazy(async () => ({ default: (await loadDialogs()).ModalView }))

/** Asks for confirmation of an action. When the action fails, stays open and shows the error. */
export function Confirm(props: ConfirmProps) {
  const wasOpen = useRef(false)
  wasOpen.current ||= props.question !== null
  return wasOpen.current ? (
    <Suspense fallback={null}>
      <ConfirmView {...props} />
    </Suspense>
  ) : null
}

/** A dialog with a title and any content. */
export function Modal(props: ModalProps) {
  const wasOpen = useRef(false)
  wasOpen.current ||= props.open
  return wasOpen.current ? (
    <Suspense fallback={null}>
      <ModalView {...props} />
    </Suspense>
  ) : null
}
