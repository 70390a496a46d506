/**
 * What the subject and the chain of an event name.
 *
 * The subject is what the event is about, as a path. Placeholders are in capitals:
 *
 * | subject                | about                                                            |
 * | ---------------------- | ---------------------------------------------------------------- |
 * | `app/APP`              | an app and its repository                                        |
 * | `branch/BRANCH`        | the branch that an app delivers                                  |
 * | `change/SHA`           | a commit                                                         |
 * | `pull-request/NUMBER`  | a pull request of the event's app                                |
 * | `run/ID`               | a pipeline run                                                   |
 * | `run/ID/step/NAME`     | a step of a run                                                  |
 * | `artifact/DIGEST`      | an artifact                                                      |
 * | `environment/APP/NAME` | an environment, its configuration, and the services in it        |
 * | `deployment/ID`        | a deployment and its verdict                                     |
 * | `crash-loop/ID`        | a service that crashes again and again                           |
 * | `job-run/ID`           | a run of a job, or of a command of a person                      |
 * | `experiment-run/ID`    | a run of an experiment                                           |
 * | `machine-run/ID`       | a plan for machines, or its application                          |
 * | `host/NAME`            | a machine that runs services                                     |
 * | `monitor/ID`           | something that is watched                                        |
 * | `switch/APP/ENVIRONMENT/NAME` | a switch of an environment                             |
 * | `status/APP/ENVIRONMENT` | what the status page shows of an app, or of its        |
 * |                        | component with `/COMPONENT`                                      |
 * | `status-subscription/NAME` | who gets the updates of the status page           |
 * | `status-page/NAME`     | the address of a status page, and what it shows                  |
 * | `alert/ID`             | harm that a person must look at                                  |
 * | `incident/ID`          | harm that customers feel                                         |
 * | `review/INCIDENT`      | what was learned from an incident, and what follows              |
 * | `error/ID`             | exceptions of services of the same kind                          |
 * | `silence/ID`           | a time in which no messages are sent                             |
 * | `external-change/ID`   | a change outside of Fairlead that another tool reported          |
 * | `channel/NAME`         | where messages about alerts go                                   |
 * | `rota/NAME`            | who is on call, in turns                                         |
 * | `team/NAME`            | how alerts reach a team                                          |
 * | `waiver/ID`            | a waiver                                                         |
 * | `webhook/APP`          | the webhook of an app                                            |
 * | `forge/APP`            | the connection of an app to its forge                            |
 * | `user/NAME`            | a user, their sessions and links, and requests refused to them   |
 * | `token/ID`             | an API token                                                     |
 * | `session`              | a sign-in that was refused before a user was known               |
 * | `key`, `key/ID`        | the key that encrypts secrets; a key that signs evidence         |
 * | `workflow/ID`          | a workflow of the engine; `workflow/ID/STEP` is one of its steps |
 * | `server`               | a server process                                                 |
 *
 * The chain groups everything that one cause led to. A commit begins a chain (`c-UUID`), which
 * its run, deployments, verdicts and rollbacks carry. An event without a commit has the chain of
 * its subject (`app/APP`, `host/NAME`, `user/NAME`, `token/ID`, `waiver/ID`,
 * `configuration/APP/ENVIRONMENT/VERSION`), or `server`.
 */
export const subjectPatterns = {
  app: /^app\/[^/]+$/,
  branch: /^branch\/.+$/,
  change: /^change\/[0-9a-f]{40}([0-9a-f]{24})?$/,
  pullRequest: /^pull-request\/\d+$/,
  run: /^run\/\d+$/,
  step: /^run\/\d+\/step\/[^/]+$/,
  artifact: /^artifact\/sha256:[0-9a-f]{64}$/,
  environment: /^environment\/[^/]+\/[^/]+$/,
  deployment: /^deployment\/\d+$/,
  crashLoop: /^crash-loop\/\d+$/,
  jobRun: /^job-run\/\d+$/,
  experimentRun: /^experiment-run\/\d+$/,
  machineRun: /^machine-run\/\d+$/,
  host: /^host\/[^/]+$/,
  monitor: /^monitor\/\d+$/,
  switch: /^switch\/[^/]+\/[^/]+\/[^/]+$/,
  status: /^status\/[^/]+\/[^/]+(\/[^/]+)?$/,
  statusSubscription: /^status-subscription\/[^/]+$/,
  statusPage: /^status-page\/[^/]+$/,
  alert: /^alert\/\d+$/,
  incident: /^incident\/\d+$/,
  review: /^review\/\d+$/,
  error: /^error\/\d+$/,
  silence: /^silence\/\d+$/,
  externalChange: /^external-change\/\d+$/,
  channel: /^channel\/[^/]+$/,
  rota: /^rota\/[^/]+$/,
  team: /^team\/[^/]+$/,
  waiver: /^waiver\/\d+$/,
  webhook: /^webhook\/[^/]+$/,
  forge: /^forge\/[^/]+$/,
  user: /^user\/[^/]+$/,
  token: /^token\/[^/]+$/,
  session: /^session$/,
  key: /^key(\/[^/]+)?$/,
  workflow: /^workflow\/.+$/,
  server: /^server$/,
}

interface Placed {
  subject: string
  app: string | null
  data: Record<string, unknown>
}

/** The console's page on what an event is about, or null when no page is. */
export function pageOf({ subject, app, data }: Placed): string | null {
  const run = /^run\/(\d+)(?:\/step\/(.+))?$/.exec(subject)
  if (run) return `/runs/${run[1]}${run[2] ? `?step=${run[2]}` : ''}`
  if (app !== null && data['pullRequest'] !== undefined) return `/apps/${app}/pull-requests`
  if (/^alert\/\d+$/.test(subject)) return `/alerts/${subject.slice(6)}`
  if (/^incident\/\d+$/.test(subject)) return `/incidents/${subject.slice(9)}`
  if (/^review\/\d+$/.test(subject)) return `/incidents/${subject.slice(7)}/review`
  if (/^error\/\d+$/.test(subject)) return `/errors/${subject.slice(6)}`
  if (app !== null && /^machine-run\/\d+$/.test(subject))
    return `/apps/${app}/machine-runs/${subject.slice(12)}`
  if (app !== null && /^experiment-run\/\d+$/.test(subject))
    return `/apps/${app}/experiment-runs/${subject.slice(15)}`
  if (app !== null && /^job-run\/\d+$/.test(subject))
    return `/apps/${app}/job-runs/${subject.slice(8)}`
  if (app !== null && /^monitor\/\d+$/.test(subject))
    return `/apps/${app}/monitors/${subject.slice(8)}`
  const environment = data['environment']
  if (app !== null && typeof environment === 'string')
    return `/apps/${app}/environments/${environment}`
  const [kind, first, second] = subject.split('/')
  if (kind === 'environment') return `/apps/${first}/environments/${second}`
  if (data['run']) return `/runs/${String(data['run'])}`
  return app === null ? null : `/apps/${app}`
}
