import { useQueryClient } from '@tanstack/react-query'
import { CircleUserRound, Search } from 'lucide-react'
import { lazy, Suspense, useEffect, useState } from 'react'
import { Navigate, Outlet, useLocation } from 'react-router'
import { useMe } from '../live/access-queries.ts'
import { useConnection, useLiveCaches, useOtherTabs } from '../live/dependencies.tsx'
import { Boundary } from '../ui/boundary.tsx'
import { loadDialogs } from '../ui/dialog.tsx'
import { problemOf } from '../ui/problem.tsx'
import { ConnectionSign } from './connection-sign.tsx'
import { KeysDialog } from './keys-dialog.tsx'
import { accountButton } from './account-button.ts'
import { AreaTabs, BottomBar, HomeLink, Sidebar } from './navigation.tsx'
import { useKeys } from './keys.ts'
import { classes } from '../ui/classes.ts'

const AccountMenu = lazy(async () => ({
  default: (await import('./account-menu.tsx')).AccountMenu,
}))

const loadPalette = () => import('./palette.tsx')
const Palette = lazy(async () => ({ default: (await loadPalette()).Palette }))

/** The frame of every page. Redirects to the sign-in page without a session. */
export function Shell() {
  const me = useMe()
  const queries = useQueryClient()
  // The data belongs to the user who was signed in before.
  useOtherTabs(() => void queries.resetQueries())
  const location = useLocation()
  const isSignedOut = me.error !== null && problemOf(me.error).code === 'sign_in_needed'
  if (isSignedOut) {
    const from = `${location.pathname}${location.search}`
    return (
      <Navigate
        replace
        to={from === '/' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(from)}`}
      />
    )
  }
  return <Frame />
}

function Frame() {
  // The palette is not loaded before it is opened: null.
  const [isPaletteOpen, openPalette] = useState<boolean | null>(null)
  const [areKeysShown, showKeys] = useState(false)
  useLiveCaches()
  useSignInCheck()
  useDialogsReady()
  useKeys({ openPalette: () => openPalette(true), showKeys: () => showKeys(true) })
  return (
    <>
      <a
        href="#main"
        className={classes(
          'sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2',
          'focus:z-50 focus:bg-panel focus:p-2',
        )}
      >
        Skip to content
      </a>
      <div className="md:grid md:grid-cols-[13rem_minmax(0,1fr)]">
        <Sidebar />
        <div className="min-w-0">
          <Header openPalette={() => openPalette(true)} showKeys={() => showKeys(true)} />
          <AreaTabs />
          <main
            id="main"
            tabIndex={-1}
            className="mx-auto w-full max-w-[96rem] px-4 pt-5 pb-28 outline-none sm:px-6 md:pb-16"
          >
            <Boundary>
              <Suspense fallback={null}>
                <Outlet />
              </Suspense>
            </Boundary>
          </main>
        </div>
      </div>
      <BottomBar />
      {isPaletteOpen === null ? null : (
        <Suspense fallback={null}>
          <Palette
            open={isPaletteOpen}
            close={() => openPalette(false)}
            showKeys={() => showKeys(true)}
          />
        </Suspense>
      )}
      <KeysDialog open={areKeysShown} close={() => showKeys(false)} />
    </>
  )
}

/**
 * Loads the dialogs and the palette when a key or the pointer announces one, so that it opens fast.
 */
function useDialogsReady(): void {
  useEffect(() => {
    const load = ({ target }: Event): void => {
      if (target instanceof Element && target.closest('button') === null) return
      for (const type of types) removeEventListener(type, load, true)
      void loadDialogs()
      void loadPalette()
    }
    const types = ['pointerover', 'focusin', 'keydown']
    for (const type of types) addEventListener(type, load, true)
    return () => {
      for (const type of types) removeEventListener(type, load, true)
    }
  }, [])
}

/**
 * A browser does not tell a rejected event stream from a lost one. Checks the session, so that an
 * expired one leads to the sign-in page.
 */
function useSignInCheck(): void {
  const queries = useQueryClient()
  const { kind } = useConnection()
  useEffect(() => {
    if (kind === 'lost') void queries.invalidateQueries({ queryKey: ['me'] })
  }, [kind, queries])
}

function Header({ openPalette, showKeys }: { openPalette: () => void; showKeys: () => void }) {
  return (
    <header className="sticky top-0 z-30 border-b border-edge bg-ground/90 backdrop-blur">
      <div className="mx-auto flex h-12 max-w-[96rem] items-center gap-3 px-4 sm:px-6">
        <HomeLink className="flex md:hidden" />
        <div className="ml-auto flex items-center gap-1.5">
          <ConnectionSign />
          <button
            type="button"
            onClick={openPalette}
            className={classes(
              'flex h-8 items-center gap-2 rounded-md border border-edge bg-panel px-2',
              'text-soft hover:border-edge-strong hover:text-ink pointer-coarse:h-10',
            )}
          >
            <Search size={15} aria-hidden />
            <span className="max-md:sr-only">Go to …</span>
            <kbd
              className={classes(
                'hidden rounded border border-edge px-1 font-sans text-xs',
                'md:inline',
              )}
            >
              ⌘K
            </kbd>
          </button>
          <Account showKeys={showKeys} />
        </div>
      </div>
    </header>
  )
}

/** The button of the account menu. The menu itself is loaded when it is opened first. */
function Account({ showKeys }: { showKeys: () => void }) {
  const [isWanted, want] = useState(false)
  const button = (
    <button
      type="button"
      aria-label="Account and settings"
      aria-haspopup="menu"
      onClick={() => want(true)}
      className={accountButton}
    >
      <CircleUserRound size={19} aria-hidden />
    </button>
  )
  return isWanted ? (
    <Suspense fallback={button}>
      <AccountMenu showKeys={showKeys} />
    </Suspense>
  ) : (
    button
  )
}
