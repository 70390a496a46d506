import { FairleadError } from '#contract/errors.ts'

/** The error for a release that an environment does not have. */
export const releaseNotFound = (app: string, environment: string, release: number): FairleadError =>
  new FairleadError('not_found', { kind: 'release', id: `${app}/${environment}/${release}` })

/** The error of a host that another one takes over from: its state is outdated. */
export const handedOver = (): FairleadError =>
  new FairleadError('unavailable', { what: 'The host' })
