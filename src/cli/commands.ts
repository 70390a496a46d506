import type { Register } from './register.ts'
import * as access from './commands/access.ts'
import * as alerts from './commands/alerts.ts'
import * as errors from './commands/errors.ts'
import * as change from './commands/change.ts'
import * as completion from './commands/completion.ts'
import * as config from './commands/config.ts'
import * as configuration from './commands/configuration.ts'
import * as deployments from './commands/deployments.ts'
import * as drift from './commands/drift.ts'
import * as environment from './commands/environment.ts'
import * as evidence from './commands/evidence.ts'
import * as experiment from './commands/experiment.ts'
import * as events from './commands/events.ts'
import * as files from './commands/files.ts'
import * as hosts from './commands/hosts.ts'
import * as jobs from './commands/jobs.ts'
import * as logs from './commands/logs.ts'
import * as machine from './commands/machine.ts'
import * as incidents from './commands/incidents.ts'
import * as machines from './commands/machines.ts'
import * as oncall from './commands/oncall.ts'
import * as maintenance from './commands/maintenance.ts'
import * as scale from './commands/scale.ts'
import * as monitors from './commands/monitors.ts'
import * as pulls from './commands/pulls.ts'
import * as rehearsal from './commands/rehearsal.ts'
import * as reports from './commands/reports.ts'
import * as reviews from './commands/reviews.ts'
import * as runs from './commands/runs.ts'
import * as slo from './commands/slo.ts'
import * as status from './commands/status.ts'
import * as statusPage from './commands/status-page.ts'
import * as up from './commands/up.ts'
import * as user from './commands/user.ts'
import * as canary from './commands/canary.ts'
import * as switches from './commands/switch.ts'
import * as waivers from './commands/waivers.ts'
import * as webhook from './commands/webhook.ts'
import * as workflows from './commands/workflows.ts'
import * as decision from './commands/decision.ts'
import * as figures from './commands/figures.ts'
import * as provider from './commands/provider.ts'

/** The groups of the help text, in its order. */
export const groups: Record<string, Register[]> = {
  'Deliver:': [up.register, files.register, status.register, runs.register, pulls.register],
  'See what a run shows:': [
    change.register,
    figures.register,
    reports.register,
    logs.register,
    evidence.register,
    waivers.register,
  ],
  'Operate environments:': [
    deployments.register,
    environment.register,
    decision.register,
    canary.register,
    configuration.register,
    config.register,
    rehearsal.register,
    drift.register,
    jobs.register,
    machines.register,
    hosts.register,
    workflows.register,
  ],
  'Watch and respond:': [
    monitors.register,
    slo.register,
    switches.register,
    maintenance.register,
    scale.register,
    statusPage.register,
    alerts.register,
    experiment.register,
    incidents.register,
    reviews.register,
    oncall.register,
    errors.register,
  ],
  'Connect Git providers:': [webhook.register, provider.register],
  'Manage users and audit:': [user.register, access.register, events.register],
  'Run Fairlead on this machine:': [machine.register, completion.register],
}
