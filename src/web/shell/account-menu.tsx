import { Menu } from '@base-ui/react/menu'
import { useQueryClient } from '@tanstack/react-query'
import { Check, CircleUserRound } from 'lucide-react'
import { useNavigate } from 'react-router'
import { describeGrants } from '#contract/access/grants.ts'
import { useMay, useMe } from '../live/access-queries.ts'
import { useDependencies } from '../live/dependencies.tsx'
import { accountButton } from './account-button.ts'
import { themes, useTheme } from './theme.ts'
import { classes } from '../ui/classes.ts'

const item = classes(
  'flex w-full items-center gap-2 rounded-md px-2.5 py-1.5',
  'data-highlighted:bg-hover outline-none cursor-pointer',
  'pointer-coarse:min-h-10',
)

const pages = [
  { to: '/tokens', text: 'Tokens', forAdmins: false },
  { to: '/sessions', text: 'Sessions', forAdmins: false },
  { to: '/users', text: 'Users', forAdmins: true },
]

const upperFirst = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`

/**
 * The signed-in user, the theme, keyboard shortcuts, account pages, and sign-out; open at first.
 */
export function AccountMenu({ showKeys }: { showKeys: () => void }) {
  const { data: me } = useMe()
  const isAdmin = useMay('admin', null)
  const [theme, setTheme] = useTheme()
  const { client, sessionKey } = useDependencies()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const signOut = async (): Promise<void> => {
    const answer = await client.deleteSession().catch(() => null)
    sessionKey.remove()
    // Also ends the session at the identity provider, which would sign in again without asking.
    if (answer?.logout) return location.assign(answer.logout)
    queries.clear()
    await navigate('/sign-in')
  }
  return (
    <Menu.Root defaultOpen>
      <Menu.Trigger aria-label="Account and settings" className={accountButton}>
        <CircleUserRound size={19} aria-hidden />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner align="end" sideOffset={6} className="z-40">
          <Menu.Popup
            className={classes(
              'overlay w-60 rounded-lg border border-edge bg-panel p-1.5 shadow-xl',
              'outline-none',
            )}
          >
            <div className="px-2.5 py-1.5">
              <div className="font-medium">{me?.name ?? '…'}</div>
              <div className="text-soft">{me ? upperFirst(describeGrants(me)) : ''}</div>
            </div>
            <Menu.Separator className="my-1 border-t border-edge" />
            <Menu.RadioGroup value={theme} onValueChange={setTheme} aria-label="Theme">
              {themes.map((name) => (
                <Menu.RadioItem key={name} value={name} className={item} closeOnClick={false}>
                  <span className="w-4">
                    {theme === name ? <Check size={15} aria-hidden /> : null}
                  </span>
                  {{ system: 'System theme', light: 'Light', dark: 'Dark' }[name]}
                </Menu.RadioItem>
              ))}
            </Menu.RadioGroup>
            <Menu.Separator className="my-1 border-t border-edge" />
            <Menu.Item className={item} onClick={showKeys}>
              <span className="w-4" />
              Keyboard shortcuts
            </Menu.Item>
            {pages
              .filter(({ forAdmins }) => isAdmin || !forAdmins)
              .map(({ to, text }) => (
                <Menu.Item key={to} className={item} onClick={() => void navigate(to)}>
                  <span className="w-4" />
                  {text}
                </Menu.Item>
              ))}
            <Menu.Item className={item} onClick={() => void signOut()}>
              <span className="w-4" />
              Sign out
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  )
}
