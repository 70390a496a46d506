import { Component, type ReactNode, useEffect, useRef } from 'react'
import { useLocation } from 'react-router'
import { useConnection } from '../live/dependencies.tsx'
import { Button, ButtonLink } from './button.tsx'
import { useTitle } from './page.tsx'

/** Shows what to do when a page cannot be loaded or fails, until the address changes. */
export function Boundary({ children }: { children: ReactNode }) {
  const { pathname } = useLocation()
  return <Catcher place={pathname}>{children}</Catcher>
}

interface Props {
  place: string
  children: ReactNode
}

interface State {
  error: unknown
  place: string
}

class Catcher extends Component<Props, State> {
  override state: State = { error: null, place: this.props.place }

  static getDerivedStateFromError(error: unknown): Partial<State> {
    return { error: error ?? 'unknown' }
  }

  static getDerivedStateFromProps({ place }: Props, state: State): State | null {
    return place === state.place ? null : { error: null, place }
  }

  override render(): ReactNode {
    return this.state.error === null ? this.props.children : <Broken error={this.state.error} />
  }
}

/** How Chromium, Firefox and Safari report a module that they cannot load. */
const missingModule = /dynamically imported module|importing a module script failed/i

function Broken({ error }: { error: unknown }) {
  const message = error instanceof Error ? error.message : String(error)
  const isMissing = missingModule.test(message)
  const isOffline = useConnection().kind === 'lost'
  const title = isMissing ? 'This page could not be loaded.' : 'This page has failed.'
  useTitle(title.replace(/\.$/, ''), '!')
  useReloadWhenBack(isMissing, isOffline)
  return (
    <section role="alert" className="panel mx-auto my-8 flex max-w-xl flex-col gap-3 p-6">
      <h1 className="text-lg font-semibold">{title}</h1>
      <p className="text-soft">
        {!isMissing
          ? 'Reload the page. If it fails again, report this error: '
          : isOffline
            ? 'The server cannot be reached. The page is loaded again when the server is back.'
            : 'Fairlead may have been upgraded since you opened the console. Reload the page.'}
        {isMissing ? null : <code className="font-mono">{message}</code>}
      </p>
      <div className="flex gap-2">
        <Button kind="primary" onClick={() => location.reload()}>
          Reload
        </Button>
        <ButtonLink to="/">Home</ButtonLink>
      </div>
    </section>
  )
}

function useReloadWhenBack(isMissing: boolean, isOffline: boolean): void {
  const wasOffline = useRef(isOffline)
  useEffect(() => {
    if (isMissing && wasOffline.current && !isOffline) location.reload()
    wasOffline.current = isOffline
  }, [isMissing, isOffline])
}
