import { hostVariables } from '#platform/process/host-process.ts'

/** The variables that a host on another machine may get. */
const allowed: readonly string[] = [...hostVariables, 'FAIRLEAD_EDGE_PORT', 'PATH']

/** What is wrong with the settings of a host, or null. */
export function settingsProblem(
  settings: Record<string, string>,
): { field: string; problem: string } | null {
  for (const [name, value] of Object.entries(settings)) {
    if (!allowed.includes(name))
      return { field: 'settings', problem: `${name} is none of ${allowed.join(', ')}` }
    if (/[\0\n]/.test(value)) return { field: 'settings', problem: `${name} has several lines` }
  }
  const port = settings['FAIRLEAD_EDGE_PORT']
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) > 0 && Number(port) < 65_536))
    return { field: 'settings', problem: `FAIRLEAD_EDGE_PORT must be a port from 1 to 65535` }
  return null
}
