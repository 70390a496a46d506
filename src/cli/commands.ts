import type { Register } from './register.ts'
import * as access from './commands/access.ts'
import * as alerts from './commands/alerts.ts'
import * as change from './commands/change.ts'
import * as completion from './commands/completion.ts'
import * as config from './commands/config.ts'
import * as configuration from './commands/configuration.ts'
import * as deployments from './commands/deployments.ts'
import * as environment from './commands/environment.ts'
import * as evidence from './commands/evidence.ts'
import * as events from './commands/events.ts'
import * as files from './commands/files.ts'
import * as logs from './commands/logs.ts'
import * as machine from './commands/machine.ts'
import * as pulls from './commands/pulls.ts'
import * as reports from './commands/reports.ts'
import * as runs from './commands/runs.ts'
import * as status from './commands/status.ts'
import * as up from './commands/up.ts'
import * as user from './commands/user.ts'
import * as verdict from './commands/verdict.ts'
import * as waivers from './commands/waivers.ts'
import * as webhook from './commands/webhook.ts'
import * as workflows from './commands/workflows.ts'
import * as decision from './commands/decision.ts'
import * as figures from './commands/figures.ts'
import * as forge from './commands/forge.ts'

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
    verdict.register,
    configuration.register,
    config.register,
    workflows.register,
  ],
  'Watch and respond:': [alerts.register],
  'Connect Git providers:': [webhook.register, forge.register],
  'Manage users and audit:': [user.register, access.register, events.register],
  'Run Fairlead on this machine:': [machine.register, completion.register],
}
