import { useParams } from 'react-router'
import type { ReviewDetail, ReviewSection } from '#contract/review/review.ts'
import { TimelineEntry } from '../incident/timeline-entry.tsx'
import { useMay } from '../live/access-queries.ts'
import { PageHead, RowsShape, Section, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { Status } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'
import { Actions } from './actions.tsx'
import { audienceBadges } from './badges.ts'
import { EditButton } from './edit-section.tsx'
import { Markdown } from './markdown.tsx'
import { PublishButton } from './publish.tsx'
import { useReview } from './queries.ts'

/** The review of an incident: what Fairlead knows, what people wrote, and what follows. */
export function ReviewPage() {
  const incident = Number(useParams()['incident'])
  const query = useReview(incident)
  useTitle(`Review of incident ${incident}`)
  return (
    <Loaded isPage query={query} shape={<RowsShape rows={5} height="h-14" />}>
      {(review) => <ReviewView review={review} />}
    </Loaded>
  )
}

function ReviewView({ review }: { review: ReviewDetail }) {
  const { incident, title, audience, begun, begunBy, edited, editedBy, outside } = review
  const mayEdit = useMay('developer', review.app)
  return (
    <>
      <PageHead
        crumbs={[
          { to: '/incidents/reviews', text: 'Reviews' },
          { to: `/incidents/${incident}`, text: `Incident ${incident}` },
        ]}
        title={<span className="wrap-anywhere">{title}</span>}
        actions={mayEdit ? <PublishButton review={review} /> : null}
      >
        <div className="mt-1 flex flex-wrap items-center gap-x-4 gap-y-1">
          <Status badge={audienceBadges[audience]} />
          <span className="text-soft">
            Begun by {begunBy === 'fairlead' ? 'Fairlead' : begunBy} <Ago time={begun} />
            {edited === null ? null : (
              <>
                , changed by {editedBy} <Ago time={edited} />
              </>
            )}
          </span>
        </div>
      </PageHead>
      {review.sections.map((section) => (
        <SectionView key={section.name} review={review} section={section} mayEdit={mayEdit} />
      ))}
      {outside === null ? null : (
        <Section title="Published outside">
          <div className="panel px-4 py-3">
            <Markdown text={outside} />
          </div>
        </Section>
      )}
      <Actions review={review} mayEdit={mayEdit} />
      <Section title="Timeline">
        <ol className="panel divide-y divide-edge overflow-hidden">
          {review.timeline.map((entry) => (
            <TimelineEntry key={`${entry.time} ${entry.kind} ${entry.text}`} entry={entry} />
          ))}
        </ol>
      </Section>
    </>
  )
}

const SectionView = ({
  review,
  section,
  mayEdit,
}: {
  review: ReviewDetail
  section: ReviewSection
  mayEdit: boolean
}) => (
  <Section
    title={section.title}
    aside={mayEdit ? <EditButton review={review} section={section} /> : null}
  >
    <div className="panel flex flex-col gap-2 px-4 py-3">
      <p className="text-soft">{section.question}</p>
      {section.facts.length === 0 ? null : (
        <ul className="list-disc pl-5">
          {section.facts.map((fact) => (
            <li key={fact} className="wrap-anywhere">
              {fact}
            </li>
          ))}
        </ul>
      )}
      {section.text === '' ? null : <Markdown text={section.text} />}
    </div>
  </Section>
)
