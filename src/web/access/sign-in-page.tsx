import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { useNavigate, useSearchParams } from 'react-router'
import { safePage, type SignInProblem, signInProblems } from '#contract/access/access.ts'
import { useProvider } from '../live/access-queries.ts'
import { useDependencies, useOtherTabs } from '../live/dependencies.tsx'
import { Logo } from '../shell/logo.tsx'
import { Button, ButtonLink } from '../ui/button.tsx'
import { Command } from '../ui/copy.tsx'
import { useTitle } from '../ui/page.tsx'
import { ProblemLine } from '../ui/problem.tsx'

/** A code, also when the whole link was pasted. */
function codeIn(text: string): string {
  const trimmed = text.trim()
  return /[?&]code=([^&#\s]+)/.exec(trimmed)?.[1] ?? trimmed
}

export function SignInPage() {
  useTitle('Sign in')
  const [search] = useSearchParams()
  const [error, setError] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)
  const [text, setText] = useState('')
  const { client, sessionKey } = useDependencies()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const code = search.get('code')
  const { data: provider } = useProvider()
  const problem = search.get('problem')
  const tried = useRef<string | null>(null)

  const signIn = async (value: string): Promise<void> => {
    setBusy(true)
    setError(null)
    try {
      const { key, ...me } = await client.createSession({ body: { code: value } })
      sessionKey.set(key)
      queries.clear()
      queries.setQueryData(['me'], me)
      await navigate(safePage(search.get('next')), { replace: true })
    } catch (problem) {
      setError(problem)
    } finally {
      setBusy(false)
    }
  }
  useOtherTabs((isSignedIn) => {
    if (isSignedIn) void navigate(safePage(search.get('next')), { replace: true })
  })
  useEffect(() => {
    // A code works only once, and effects may run twice.
    if (code === null || tried.current === code) return
    tried.current = code
    void signIn(code)
  })
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault()
    if (text.trim() !== '') void signIn(codeIn(text))
  }
  return (
    <main className="mx-auto flex min-h-dvh max-w-md flex-col justify-center gap-5 px-5 pb-24">
      <Logo size={48} />
      <h1 className="text-2xl font-semibold tracking-tight">
        {isBusy ? 'Signing in …' : 'Sign in to Fairlead'}
      </h1>
      <ProblemLine error={error} />
      {problem !== null && Object.hasOwn(signInProblems, problem) ? (
        <p role="alert" className="text-bad">
          {signInProblems[problem as SignInProblem]}
        </p>
      ) : null}
      {provider ? (
        <ButtonLink
          to={`/oidc/start?next=${encodeURIComponent(safePage(search.get('next')))}`}
          kind="primary"
          onLeave={sessionKey.startSignIn}
        >
          Sign in with {provider.name}
        </ButtonLink>
      ) : null}
      <p className="text-soft">
        {provider
          ? 'Or sign in with a one-time link. Create one on the server’s machine:'
          : 'The server prints a one-time link at its start. Create another on its machine:'}
      </p>
      <Command text="fairlead link" />
      <form onSubmit={onSubmit} className="flex flex-col gap-1.5">
        <label htmlFor="code" className="label">
          One-time link, or the code at its end
        </label>
        <div className="flex gap-2">
          <input
            id="code"
            autoComplete="one-time-code"
            spellCheck={false}
            maxLength={400}
            value={text}
            onChange={(event) => setText(event.target.value)}
            className="field h-10 flex-1 font-mono"
          />
          <Button
            type="submit"
            kind={provider ? 'plain' : 'primary'}
            disabled={isBusy || text.trim() === ''}
          >
            Sign in
          </Button>
        </div>
      </form>
    </main>
  )
}
