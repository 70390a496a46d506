import { highestRole } from '#contract/access/grants.ts'
import { useMe } from '../live/queries.ts'
import { Logo } from '../shell/logo.tsx'
import { Command } from '../ui/copy.tsx'
import { useTitle } from '../ui/page.tsx'

/** Before the first app: what to type. */
export function EmptyHome() {
  const { data: me } = useMe()
  useTitle('Nothing is registered yet')
  if (me && highestRole(me) === null)
    return (
      <section className="mx-auto mt-[8vh] flex max-w-lg flex-col items-center gap-5 text-center">
        <Logo size={56} />
        <div>
          <h1 className="text-xl font-semibold tracking-tight">
            You are signed in, and have no role yet
          </h1>
          <p className="mt-1 text-soft">
            Ask an admin for one, for everything or for an app. This page then shows it by itself.
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
        <h1 className="text-xl font-semibold tracking-tight">The line is clear</h1>
        <p className="mt-1 text-soft">
          Nothing is registered yet. In a repository of yours, these two commands take its newest
          commit to production:
        </p>
      </div>
      <ol className="flex flex-col gap-3 text-left">
        <li>
          <div className="label mb-1">Write a fairlead.yaml from what is there</div>
          <Command text="fairlead init" />
        </li>
        <li>
          <div className="label mb-1">Register the repository and deliver it, live</div>
          <Command text="fairlead up" />
        </li>
      </ol>
      <p className="text-soft">This page shows it as it happens.</p>
    </section>
  )
}
