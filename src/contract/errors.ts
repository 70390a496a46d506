/**
 * Every error that Fairlead answers with: HTTP status, one sentence, what to do next. `{name}` in a
 * sentence is filled from the error's details. A test keeps this table and docs/errors.md in step.
 */
export const errorTable = {
  invalid_input: {
    status: 400,
    title: '{field}: {problem}.',
    next: 'Correct the field and send the request again.',
  },
  sign_in_needed: {
    status: 401,
    title: 'This needs a sign-in.',
    next: 'Open the one-time link that `fairlead link` prints, or send a token as `Authorization: Bearer …`.',
  },
  link_used: {
    status: 401,
    title: 'This sign-in link is unknown, was used, or has expired.',
    next: 'Make a new one with `fairlead link` on the machine that runs the server.',
  },
  not_allowed: {
    status: 403,
    title: 'This needs the role {needed}; you have {have}.',
    next: 'Ask an admin for that role.',
  },
  not_this_app: {
    status: 403,
    title: 'This is not of an app that you have a role for; you have one for {apps}.',
    next: 'Ask of one of these apps by its name, or ask an admin for a role.',
  },
  session_needed: {
    status: 403,
    title: 'A token cannot do this: a person has to.',
    next: 'Sign in to the console, or do it on the machine of the server.',
  },
  too_wide: {
    status: 403,
    title: 'A token may not do more than you: {problem}.',
    next: 'Take a lower role, or only apps that you have that role for.',
  },
  user_disabled: {
    status: 403,
    title: 'The user {name} is disabled.',
    next: 'An admin can enable them again: `fairlead users enable`.',
  },
  forged_request: {
    status: 403,
    title: 'The request comes from another site.',
    next: 'Use the console at its own address.',
  },
  webhook_refused: {
    status: 401,
    title: 'The delivery is refused: {why}.',
    next: 'Give the forge the address and the secret that `fairlead webhook create` prints.',
  },
  not_found: {
    status: 404,
    title: 'There is no {kind} {id}.',
    next: 'Look at the list for what there is.',
  },
  already_exists: {
    status: 409,
    title: 'There is already a {kind} {id}.',
    next: 'Take another name, or change the one that is there.',
  },
  not_now: { status: 409, title: '{why}.', next: 'Wait until that has changed, then try again.' },
  overtaken: {
    status: 409,
    title: 'Another server has taken over {what}.',
    next: 'Nothing is to be done: the other one goes on.',
  },
  nothing_to_roll_back: {
    status: 409,
    title: '{app} has no earlier good release in {environment}.',
    next: 'Deliver a change that mends it.',
  },
  pipeline_file: { status: 422, title: '{file}:{line}:{column}: {problem}.', next: '{hint}' },
  repository: {
    status: 422,
    title: 'The repository {repository} cannot be used: {problem}.',
    next: 'Check that it exists and that this machine may read it.',
  },
  too_large: { status: 413, title: '{what} is larger than {limit}.', next: 'Make it smaller.' },
  too_many: { status: 429, title: 'Too many tries.', next: 'Wait {seconds} seconds.' },
  disk_full: {
    status: 507,
    title:
      'The disk that holds {path} has {free} MB left, less than the {floor} MB that Fairlead keeps free.',
    next: 'Free some space; work that waits goes on by itself.',
  },
  unavailable: {
    status: 503,
    title: '{what} does not answer.',
    next: 'Nothing is lost; try again in a moment. `fairlead doctor` says what is wrong.',
  },
  internal: {
    status: 500,
    title: 'Something broke inside Fairlead ({reference}).',
    next: 'Look for the reference in the log of the server and report it.',
  },
} as const satisfies Record<string, { status: number; title: string; next: string }>

export type ErrorCode = keyof typeof errorTable

/** An error as the API sends it (RFC 9457 problem details, with `code` and `next`). */
export interface Problem {
  type: string
  status: number
  code: ErrorCode
  title: string
  next: string
  details: Record<string, string | number>
}

/** An error with a row in the table. Thrown anywhere, translated once at the edge. */
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
