import { Logo } from '../shell/logo.tsx'
import { Command } from '../ui/copy.tsx'
import { useTitle } from '../ui/page.tsx'

/** Before the first app: what to type. */
export function EmptyHome() {
  useTitle('Nothing is registered yet')
  return (
    <section className="mx-auto mt-[8vh] flex max-w-lg flex-col gap-5 text-center">
      <div className="mx-auto">
        <Logo size={56} />
      </div>
      <div>
        <h1 className="text-xl font-semibold tracking-tight">The line is clear</h1>
        <p className="mt-1 text-soft">
          Nothing is registered yet. In a repository of yours, these two commands take its newest commit to production:
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
