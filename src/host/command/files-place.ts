import type { CommandFiles } from '#contract/job/host.ts'
import { makeTmp } from '../instance-process.ts'
import type { Machine } from '../machine.ts'
import type { ReleasePlace } from '../release-command.ts'
import type { UnpackedArtifacts } from '../unpacked.ts'
import type { OwnFolders } from './commands.ts'
import type { CommandPlace } from './saved.ts'

/**
 * The place of a command that runs in the files of an artifact, and not in a release. It runs as
 * the user of the services of its app, isolated as they are, and its /tmp is its HOME.
 */
export async function filesPlace(
  { app, environment }: CommandPlace,
  { artifact, layout, env, secrets }: CommandFiles,
  own: OwnFolders,
  { artifacts, machine }: { artifacts: UnpackedArtifacts; machine: Machine },
): Promise<ReleasePlace> {
  const folder = await artifacts.provide({ layout, artifact }, own.files)
  makeTmp(own.tmp)
  const service = {
    ...{ name: 'command', run: 'true', port: false, instances: 1, directory: '.', env, secrets },
    health: { path: null, timeout: 1000, interval: 1000 },
    stop: { signal: 'SIGTERM', grace: 10_000 },
  }
  const release = {
    ...{ app, environment, release: 0, artifact, layout, services: [service], env: {} },
    ...{ fence: { deployment: 0, epoch: 0 }, route: { port: null, host: '' } },
  }
  return {
    ...{ release, service, folder, machine, logFiles: [] },
    ...{ dataFolder: own.tmp, configFolder: own.tmp, tmpFolder: own.tmp },
    ...{ path: machine.path, isolation: machine.isolation },
  }
}
