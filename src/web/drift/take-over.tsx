import { useState } from 'react'
import { useMay } from '../live/access-queries.ts'
import { useClient } from '../live/dependencies.tsx'
import { Button } from '../ui/button.tsx'
import { ProblemLine } from '../ui/problem.tsx'
import { Scrollable } from '../ui/scrollable.tsx'

interface TakeOverProps {
  params: { app: string; environment: string; id: number }
  patch: string
  isHosted: boolean
}

/** A patch that makes a file on disk the declared one, and its commit. */
export function TakeOver({ params, patch, isHosted }: TakeOverProps) {
  const client = useClient()
  const mayCommit = useMay('developer', params.app) && isHosted
  const [branch, setBranch] = useState<string | null>(null)
  const [problem, setProblem] = useState<unknown>(null)
  const commit = async (): Promise<void> => {
    try {
      setBranch((await client.takeOverDrift({ params })).branch)
    } catch (error) {
      setProblem(error)
    }
  }
  return (
    <>
      <p>
        {branch === null
          ? `Apply this patch to the repository with git apply, and deliver it${
              mayCommit ? '; or commit it to a branch' : ''
            }.`
          : `The branch ${branch} has the commit. Merge it to deliver it.`}
      </p>
      <Scrollable as="pre" label="Difference" className="my-2 max-h-96 font-mono text-small">
        {patch}
      </Scrollable>
      {mayCommit && branch === null ? (
        <Button onClick={() => void commit()}>Commit to a branch</Button>
      ) : null}
      {problem === null ? null : <ProblemLine error={problem} />}
    </>
  )
}
