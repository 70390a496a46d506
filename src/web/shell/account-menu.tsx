import { Menu } from '@base-ui/react/menu'
import { useQueryClient } from '@tanstack/react-query'
import { Check, CircleUserRound } from 'lucide-react'
import { useNavigate } from 'react-router'
import { useMay, useMe } from '../live/queries.ts'
import { useClient } from '../live/world.tsx'
import { themes, useTheme } from './theme.ts'

const item =
  'flex w-full items-center gap-2 rounded-md px-2.5 py-1.5 data-highlighted:bg-hover outline-none cursor-pointer pointer-coarse:min-h-10'

/** Who is signed in, the theme, the keys, the tokens, and the way out. */
export function AccountMenu({ showKeys }: { showKeys: () => void }) {
  const { data: me } = useMe()
  const mayTokens = useMay('admin')
  const [theme, setTheme] = useTheme()
  const client = useClient()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const signOut = async (): Promise<void> => {
    await client.deleteSession().catch(() => undefined)
    queries.clear()
    await navigate('/sign-in')
  }
  return (
    <Menu.Root>
      <Menu.Trigger
        aria-label="Account and settings"
        className="flex size-8 items-center justify-center rounded-md text-soft hover:bg-hover hover:text-ink pointer-coarse:size-10"
      >
        <CircleUserRound size={19} aria-hidden />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner align="end" sideOffset={6} className="z-40">
          <Menu.Popup className="overlay w-60 rounded-lg border border-edge bg-panel p-1.5 shadow-xl outline-none">
            <div className="px-2.5 py-1.5">
              <div className="font-medium">{me?.name ?? '…'}</div>
              <div className="text-soft">{me ? `Role: ${me.role}` : ''}</div>
            </div>
            <Menu.Separator className="my-1 border-t border-edge" />
            <Menu.RadioGroup value={theme} onValueChange={setTheme} aria-label="Theme">
              {themes.map((name) => (
                <Menu.RadioItem key={name} value={name} className={item} closeOnClick={false}>
                  <span className="w-4">{theme === name ? <Check size={15} aria-hidden /> : null}</span>
                  {{ system: 'Theme of the system', light: 'Light', dark: 'Dark' }[name]}
                </Menu.RadioItem>
              ))}
            </Menu.RadioGroup>
            <Menu.Separator className="my-1 border-t border-edge" />
            <Menu.Item className={item} onClick={showKeys}>
              <span className="w-4" />
              Keys
            </Menu.Item>
            {mayTokens ? (
              <Menu.Item className={item} onClick={() => void navigate('/tokens')}>
                <span className="w-4" />
                Tokens
              </Menu.Item>
            ) : null}
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
