/**
 * Every error of the API: HTTP status, one sentence, and what to do next. `{name}` in a sentence is
 * replaced by the detail of that name. docs/errors.md is generated from this table.
 */
export const errorTable = {
  invalid_input: {
    status: 400,
    title: '{field}: {problem}.',
    next: 'Correct the field and try again.',
  },
  sign_in_needed: {
    status: 401,
    title: 'You are not signed in.',
    next: 'Open the link that `fairlead link` prints, or send `Authorization: Bearer TOKEN`.',
  },
  link_used: {
    status: 401,
    title: 'This sign-in link is unknown, already used, or expired.',
    next: 'Create a new link with `fairlead link` on the machine that runs the server.',
  },
  not_allowed: {
    status: 403,
    title: 'This requires the role {needed}; your role is {have}.',
    next: 'Ask an admin for the role.',
  },
  not_this_app: {
    status: 403,
    title: 'You have no role for this app. You have a role for: {apps}.',
    next: 'Name one of these apps in the request, or ask an admin for a role.',
  },
  place_not_allowed: {
    status: 403,
    title: 'The app {app} may not read {reference}.',
    next: 'Ask an administrator to run `fairlead secret allow {app} {reference}`.',
  },
  session_needed: {
    status: 403,
    title: 'A token cannot do this; it requires a signed-in person.',
    next: 'Sign in to the console, or run the command on the machine of the server.',
  },
  too_wide: {
    status: 403,
    title: 'A token cannot have more permissions than you: {problem}.',
    next: 'Choose a lower role, or only apps for which you have that role.',
  },
  user_disabled: {
    status: 403,
    title: 'The user {name} is disabled.',
    next: 'Ask an admin to enable the user with `fairlead users enable`.',
  },
  forged_request: {
    status: 403,
    title: 'The request was sent by another site.',
    next: 'Open the console at its own address.',
  },
  webhook_refused: {
    status: 401,
    title: 'The webhook delivery was refused: {why}.',
    next: 'Enter the URL and the secret that `fairlead webhook create` prints at the Git provider.',
  },
  not_found: {
    status: 404,
    title: 'There is no {kind} {id}.',
    next: 'List the existing ones, and check the spelling.',
  },
  already_exists: {
    status: 409,
    title: 'The {kind} {id} already exists.',
    next: 'Choose another name, or change the existing one.',
  },
  not_now: { status: 409, title: '{why}.', next: 'Try again when this has changed.' },
  overtaken: {
    status: 409,
    title: 'Another server has taken over {what}.',
    next: 'No action is required; the other server continues.',
  },
  would_not_return: {
    status: 409,
    title: 'After a restart, {service} would not come back: {why}.',
    next: 'Correct the cause, or restart with `--force --reason TEXT`.',
  },
  incompatible_rollback: {
    status: 409,
    title: '{environment} cannot be rolled back: {why}.',
    next: 'Deliver a change that fixes the problem, or roll back with `--force --reason TEXT`.',
  },
  nothing_to_roll_back: {
    status: 409,
    title: '{app} has no earlier good release in {environment}.',
    next: 'Deliver a change that fixes the problem.',
  },
  pipeline_file: { status: 422, title: '{file}:{line}:{column}: {problem}.', next: '{hint}' },
  repository: {
    status: 422,
    title: 'The repository {repository} cannot be used: {problem}.',
    next: 'Check that it exists and that the server has read access.',
  },
  too_large: { status: 413, title: '{what} is larger than {limit}.', next: 'Reduce its size.' },
  too_many: {
    status: 429,
    title: 'Too many attempts.',
    next: 'Wait {seconds} seconds, and try again.',
  },
  unavailable: {
    status: 503,
    title: '{what} does not answer.',
    next: 'Try again in a moment; no data is lost. `fairlead doctor` shows the cause.',
  },
  internal: {
    status: 500,
    title: 'An internal error occurred ({reference}).',
    next: 'Search the log of the server for the reference, and report the error.',
  },
} as const satisfies Record<string, { status: number; title: string; next: string }>

export type ErrorCode = keyof typeof errorTable

/** An error as the API sends it: problem details of RFC 9457, with `code` and `next`. */
export interface Problem {
  type: string
  status: number
  code: ErrorCode
  title: string
  next: string
  details: Record<string, string | number>
}

/** An error of the table. Any layer throws it; the HTTP server translates it once. */
export class FairleadError extends Error {
  readonly code: ErrorCode
  readonly details: Record<string, string | number>
  constructor(code: ErrorCode, details: Record<string, string | number> = {}) {
    super(fill(errorTable[code].title, details))
    this.name = 'FairleadError'
    this.code = code
    this.details = details
  }
  get status(): number {
    return errorTable[this.code].status
  }
  get next(): string {
    return fill(errorTable[this.code].next, this.details)
  }
  toProblem(): Problem {
    return {
      type: `https://fairlead.dev/errors#${this.code}`,
      status: this.status,
      code: this.code,
      title: this.message,
      next: this.next,
      details: this.details,
    }
  }
}

function fill(sentence: string, details: Record<string, string | number>): string {
  return sentence.replace(/\{(\w+)\}/g, (_, name: string) => String(details[name] ?? `{${name}}`))
}
