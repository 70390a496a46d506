import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { endpoint } from '#contract/endpoint.ts'
import { id, limit } from '#contract/params.ts'
import {
  actionProof,
  review,
  reviewAudiences,
  reviewDetail,
  reviewSectionNames,
  sectionText,
} from './review.ts'

const inReview = z.object({ incident: id })
const inAction = z.object({ incident: id, action: id })
const version = z.number().int().positive()
const actionFields = {
  title: z.string().trim().min(1).max(200),
  /** the name of a user; default: you */
  owner: z.string().trim().min(1).max(80).optional(),
  /** the last day, `2026-12-14` */
  due: z.iso.date(),
  proof: actionProof,
}

/** Reviews: what was learned from incidents, and the actions that follow from it. */
export const reviewEndpoints = {
  listReviews: endpoint({
    method: 'GET',
    path: '/reviews',
    role: 'viewer',
    lists: true,
    summary: 'List reviews of incidents, newest first',
    query: z.object({
      app: name.optional(),
      audience: z.enum(reviewAudiences).optional(),
      /** only those with actions that are overdue */
      overdue: z.enum(['true', 'false']).optional(),
      before: id.optional(),
      limit,
    }),
    output: z.object({ reviews: z.array(review), next: z.number().int().nullable() }),
  }),
  getReview: endpoint({
    method: 'GET',
    path: '/incidents/{incident}/review',
    role: 'viewer',
    summary: 'Show the review of an incident; a draft needs the role developer',
    params: inReview,
    output: reviewDetail,
  }),
  createReview: endpoint({
    method: 'POST',
    path: '/incidents/{incident}/review',
    role: 'developer',
    summary: 'Begin the review of an incident before the incident is closed',
    params: inReview,
    output: reviewDetail,
  }),
  changeReview: endpoint({
    method: 'PATCH',
    path: '/incidents/{incident}/review',
    role: 'developer',
    summary: 'Change sections of a review; refused when it was changed since `version`',
    params: inReview,
    body: z
      .object({
        /** the version that was changed; with Markdown, default: the one that it names */
        version: version.optional(),
        sections: z.partialRecord(z.enum(reviewSectionNames), sectionText).optional(),
        /** the whole review as Markdown, in the form of its `markdown` */
        markdown: z.string().max(250_000).optional(),
      })
      .refine((body) => (body.sections === undefined) !== (body.markdown === undefined), {
        message: 'must have either sections or markdown',
      }),
    output: reviewDetail,
  }),
  publishReview: endpoint({
    method: 'PUT',
    path: '/incidents/{incident}/review/audience',
    role: 'developer',
    summary:
      'Publish a review inside or outside, or make it a draft again; outside, only the section ' +
      'for customers is published, as it is now',
    params: inReview,
    body: z.object({ version, audience: z.enum(reviewAudiences) }),
    output: reviewDetail,
  }),
  createReviewAction: endpoint({
    method: 'POST',
    path: '/incidents/{incident}/review/actions',
    role: 'developer',
    summary: 'Add an action with its owner, its last day, and what proves it',
    params: inReview,
    body: z.object(actionFields),
    output: reviewDetail,
  }),
  changeReviewAction: endpoint({
    method: 'PATCH',
    path: '/incidents/{incident}/review/actions/{action}',
    role: 'developer',
    summary: 'Change an action; another proof begins anew',
    params: inAction,
    body: z
      .object(actionFields)
      .partial()
      .refine((body) => Object.values(body).some((value) => value !== undefined), {
        message: 'must have a title, an owner, a due date or a proof',
      }),
    output: reviewDetail,
  }),
  createReviewIssue: endpoint({
    method: 'POST',
    path: '/incidents/{incident}/review/actions/{action}/issue',
    role: 'developer',
    summary: 'Create an issue for an action at the Git provider of its app, and keep both the same',
    params: inAction,
    output: reviewDetail,
  }),
  deleteReviewAction: endpoint({
    method: 'DELETE',
    path: '/incidents/{incident}/review/actions/{action}',
    role: 'developer',
    summary: 'Remove an action from a review',
    params: inAction,
    body: z.object({ reason: z.string().trim().min(1).max(1000) }),
    output: reviewDetail,
  }),
}
