import { Link } from 'react-router'
import type { Review, ReviewAudience } from '#contract/review/review.ts'
import { counted } from '#contract/text.ts'
import { AppFilter, SelectFilter, useFilter, wordChoices } from '../ui/filters.tsx'
import { Nothing, PageHead, RowsShape, useTitle } from '../ui/page.tsx'
import { Loaded } from '../ui/problem.tsx'
import { Status } from '../ui/status.tsx'
import { Ago } from '../ui/time.tsx'
import { audienceBadges } from './badges.ts'
import { useReviews } from './queries.ts'

/** The list of reviews. */
export function ReviewsPage() {
  useTitle('Reviews')
  const [app] = useFilter('app')
  const [audience] = useFilter('audience')
  const query = useReviews({
    ...(app === '' ? {} : { app }),
    ...(audience in audienceBadges ? { audience: audience as ReviewAudience } : {}),
  })
  return (
    <>
      <PageHead
        crumbs={[{ to: '/incidents', text: 'Incidents' }]}
        title="Reviews"
        actions={
          <>
            <AppFilter />
            <SelectFilter name="audience" label="Audience" choices={wordChoices(audienceBadges)} />
          </>
        }
      />
      <Loaded query={query} shape={<RowsShape rows={6} height="h-16" />}>
        {(reviews) =>
          reviews.length === 0 ? (
            <Nothing>
              {audience || app
                ? 'No reviews match the filter.'
                : 'No reviews yet. Fairlead begins one when an incident closes.'}
            </Nothing>
          ) : (
            <ul className="panel divide-y divide-edge overflow-hidden">
              {reviews.map((review) => (
                <ReviewRow key={review.incident} review={review} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </>
  )
}

/** How many actions are proven, and how many are overdue. */
function actionWords({ total, proven, overdue }: Review['actions']): string {
  if (total === 0) return 'no actions'
  const late = overdue === 0 ? '' : `, ${overdue} overdue`
  return `${proven} of ${counted(total, 'action')} proven${late}`
}

const ReviewRow = ({ review }: { review: Review }) => (
  <li
    className="grid grid-cols-[1fr_auto] items-center gap-x-4 gap-y-0.5 px-4 py-2.5
      md:grid-cols-[9rem_minmax(0,1fr)_9rem]"
  >
    <Status badge={audienceBadges[review.audience]} />
    <div className="col-span-2 row-start-2 min-w-0 md:col-span-1 md:col-start-2 md:row-start-1">
      <Link
        to={`/incidents/${review.incident}/review`}
        data-row
        className="quiet-link font-medium wrap-anywhere"
      >
        {review.title}
      </Link>
      <div className="text-soft wrap-anywhere">
        {[review.app, review.environment].filter(Boolean).join(', ')}
        {review.app === null ? '' : ', '}
        {actionWords(review.actions)}
      </div>
    </div>
    <span className="text-right text-soft">
      <Ago time={review.detected} />
    </span>
  </li>
)
