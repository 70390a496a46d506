import type { Register } from './register.ts'
import * as access from './commands/access.ts'
import * as change from './commands/change.ts'
import * as completion from './commands/completion.ts'
import * as configuration from './commands/configuration.ts'
import * as deployments from './commands/deployments.ts'
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
import * as decision from './commands/decision.ts'
import * as forge from './commands/forge.ts'

/** In the order of the help text. */
export const registrations: Register[] = [
  up.register,
  files.register,
  status.register,
  runs.register,
  change.register,
  reports.register,
  waivers.register,
  evidence.register,
  logs.register,
  deployments.register,
  verdict.register,
  configuration.register,
  events.register,
  webhook.register,
  forge.register,
  pulls.register,
  decision.register,
  user.register,
  access.register,
  machine.register,
  completion.register,
]
