import { accessEndpoints } from './access/endpoints.ts'
import { alertEndpoints } from './alert/endpoints.ts'
import { monitorEndpoints } from './monitor/endpoints.ts'
import { appEndpoints } from './app/endpoints.ts'
import { configurationEndpoints } from './configuration/endpoints.ts'
import { oncallEndpoints } from './oncall/endpoints.ts'
import { permissionEndpoints } from './deployment/decision-endpoints.ts'
import { deploymentEndpoints } from './deployment/endpoints.ts'
import { driftEndpoints } from './drift/endpoints.ts'
import { environmentEndpoints } from './environment/endpoints.ts'
import { errorEndpoints } from './error/endpoints.ts'
import { eventEndpoints } from './event/endpoints.ts'
import { forgeEndpoints } from './forge/endpoints.ts'
import { hostEndpoints } from './host/endpoints.ts'
import { homeEndpoints } from './home/endpoints.ts'
import { incidentEndpoints } from './incident/endpoints.ts'
import { jobEndpoints } from './job/endpoints.ts'
import { machineEndpoints } from './machine/endpoints.ts'
import { scaleEndpoints } from './scale/endpoints.ts'
import { experimentEndpoints } from './experiment/endpoints.ts'
import { maintenanceEndpoints } from './maintenance/endpoints.ts'
import { pullRequestEndpoints } from './pull-request/endpoints.ts'
import { rehearsalEndpoints } from './rehearsal/endpoints.ts'
import { reportEndpoints } from './report/endpoints.ts'
import { reviewEndpoints } from './review/endpoints.ts'
import { runEndpoints } from './run/endpoints.ts'
import { signalEndpoints } from './signal/endpoints.ts'
import { sloEndpoints } from './slo/endpoints.ts'
import { statusPageEndpoints } from './status-page/endpoints.ts'
import { statusPagesEndpoints } from './status-page/pages.ts'
import { switchEndpoints } from './switch/endpoints.ts'
import { serverEndpoints } from './server/endpoints.ts'
import { verdictEndpoints } from './verdict/endpoints.ts'
import { webhookEndpoints } from './webhook/endpoints.ts'
import { workflowEndpoints } from './workflow/endpoints.ts'

/**
 * The whole HTTP API. Server, OpenAPI, CLI and console all come from this table; paths are below
 * `/api/v1`.
 */
export const endpoints = {
  ...serverEndpoints,
  ...homeEndpoints,
  ...accessEndpoints,
  ...webhookEndpoints,
  ...forgeEndpoints,
  ...pullRequestEndpoints,
  ...appEndpoints,
  ...environmentEndpoints,
  ...runEndpoints,
  ...reportEndpoints,
  ...deploymentEndpoints,
  ...verdictEndpoints,
  ...permissionEndpoints,
  ...configurationEndpoints,
  ...rehearsalEndpoints,
  ...driftEndpoints,
  ...jobEndpoints,
  ...machineEndpoints,
  ...hostEndpoints,
  ...eventEndpoints,
  ...workflowEndpoints,
  ...signalEndpoints,
  ...monitorEndpoints,
  ...sloEndpoints,
  ...statusPageEndpoints,
  ...statusPagesEndpoints,
  ...switchEndpoints,
  ...experimentEndpoints,
  ...maintenanceEndpoints,
  ...scaleEndpoints,
  ...alertEndpoints,
  ...incidentEndpoints,
  ...reviewEndpoints,
  ...oncallEndpoints,
  ...errorEndpoints,
} as const

export type Endpoints = typeof endpoints
export type EndpointName = keyof Endpoints
