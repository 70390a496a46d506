import { deploymentNotes } from '#contract/deployment/before-words.ts'
import { useDeployment } from '../live/deployment-queries.ts'
import { asSentence } from '../ui/state.ts'

/** What a deployment does besides the switch: a command before the start, and restarts. */
export function DeploymentNotes({ deployment }: { deployment: number }) {
  const { data } = useDeployment(deployment)
  const notes = data ? deploymentNotes(data) : []
  if (notes.length === 0) return null
  return (
    <ul aria-label="Before the start" className="mb-2">
      {notes.map((note) => (
        <li key={note} className="break-words">
          {asSentence(note)}
        </li>
      ))}
    </ul>
  )
}
