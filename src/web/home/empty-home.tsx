import { highestRole } from '#contract/access/grants.ts'
import { Link } from 'react-router'
import { useMay, useMe } from '../live/access-queries.ts'
import { Logo } from '../shell/logo.tsx'
import { Command } from '../ui/copy.tsx'
import { useTitle } from '../ui/page.tsx'

/** The home page before the first app: how to register one. */
export function EmptyHome() {
  const { data: me } = useMe()
  const mayAdd = useMay('developer', null)
  useTitle('No apps yet')
  if (me && highestRole(me) === null)
    return (
      <section className="mx-auto mt-[8vh] flex max-w-lg flex-col items-center gap-5 text-center">
        <Logo size={56} />
        <div>
          <h1 className="text-xl font-semibold tracking-tight">
            You are signed in, but have no role yet
          </h1>
          <p className="mt-1 text-soft">
            Ask an admin for a role, for all apps or for one. This page updates automatically.
          </p>
        </div>
      </section>
    )
  return (
    <section className="mx-auto mt-[8vh] flex max-w-lg flex-col gap-5 text-center">
      <div className="mx-auto">
        <Logo size={56} />
      </div>
      <div>
        <h1 className="text-xl font-semibold tracking-tight">No apps yet</h1>
        <p className="mt-1 text-soft">
          In your repository, these two commands deliver its newest commit to production:
        </p>
      </div>
      <ol className="flex flex-col gap-3 text-left">
        <li>
          <div className="label mb-1">Generate a fairlead.yaml from the repository</div>
          <Command text="fairlead init" />
        </li>
        <li>
          <div className="label mb-1">
            Register the repository and deliver it, with live progress
          </div>
          <Command text="fairlead up" />
        </li>
      </ol>
      <p className="text-soft">
        This page shows the delivery as it happens. If the command is not found, run{' '}
        <code className="font-mono">bin/fairlead</code> in the folder of Fairlead.
      </p>
      {mayAdd ? (
        <p>
          Or{' '}
          <Link to="/apps?add=app" className="underline underline-offset-3">
            add an app
          </Link>{' '}
          whose repository the server can read.
        </p>
      ) : null}
    </section>
  )
}
