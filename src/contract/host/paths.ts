/**
 * Paths on the socket.
 *
 * - `start` unpacks the artifact, starts the instances and answers immediately.
 * - `release` waits up to `wait` milliseconds for a state other than `starting`.
 * - `route` switches the traffic to a release that is ready. The former one runs until `stop`, and
 *   answers while the new one has no healthy instance.
 * - `stop` drains and stops the instances, and keeps the folder for a rollback.
 * - `remove` also deletes the folder, and keeps the last output.
 * - `stopServices` stops services that never run twice at once, because they are to run on another
 *   host. They stay stopped until a release with them starts.
 * - `removeEnvironment` stops and deletes everything; the data of services stays when a deployment
 *   requests it.
 * - `log` returns the last lines of a release, also of one that was removed lately.
 * - `output` returns what every instance wrote after the places of the body.
 * - `observations` waits up to `wait` milliseconds for batches that were counted since `after`.
 * - `measurements` returns the seconds after `after`, at most the last fifteen minutes. If there is
 *   none, it waits up to `wait` milliseconds for the next one.
 * - `setMonitors` replaces everything that is checked.
 * - `monitors` returns the results since `after`.
 * - `setRoster` replaces who is notified while no server answers, and returns the last outage.
 * - `expositions` reads the metrics `names`, or all, at `path` of every instance, or those of one
 *   `service`; an instance without a port writes them to a file.
 * - `setStatusPages` replaces and confirms what the status pages show.
 * - `takeStatusRequests` forgets the requests of readers that are done, and returns what waits.
 * - `setSwitches` replaces how all switches are set; `switches` returns the version of that, and
 *   what was changed by `changeSwitch`, for when no server answers. `listSwitches` returns what an
 *   environment has.
 * - `setMaintenance` replaces which environments answer with the maintenance page.
 * - `setScale` replaces how many instances of services run, and starts and stops them; it answers
 *   immediately.
 * - `rehearse` starts a second instance apart, and returns whether the service would come back.
 * - `drift` compares the release with the traffic on disk and in processes with the declared one.
 * - `repairDrift` writes a file again, and `driftFile` reads a configuration file on disk.
 * - `restart` restarts the instances of a service one after another.
 * - `makeFault` makes a fault of an experiment and answers when it exists; `renewFault` postpones
 *   its undo, `undoFault` begins it, and `faults` returns those of the last day.
 * - `command` starts a command whose key is new, returns, stops or deletes it, and its output.
 * - `blob` returns how much of a blob is there; `putBlob` appends the body to what `from` says is
 *   there, until it has `size` bytes.
 * - `upgrade` starts the command of the body as the next host, and hands over to it.
 * - `stopAll` drains and stops everything; the next host starts it again.
 */
export const hostPaths = {
  status: { method: 'GET', path: '/status' },
  start: { method: 'PUT', path: '/apps/{app}/environments/{environment}/releases/{release}' },
  release: { method: 'GET', path: '/apps/{app}/environments/{environment}/releases/{release}' },
  stop: { method: 'POST', path: '/apps/{app}/environments/{environment}/releases/{release}/stop' },
  remove: { method: 'DELETE', path: '/apps/{app}/environments/{environment}/releases/{release}' },
  stopServices: { method: 'POST', path: '/apps/{app}/environments/{environment}/stop-services' },
  route: { method: 'PUT', path: '/apps/{app}/environments/{environment}/route' },
  observations: {
    method: 'GET',
    path: '/apps/{app}/environments/{environment}/releases/{release}/observations',
  },
  expositions: {
    method: 'GET',
    path: '/apps/{app}/environments/{environment}/releases/{release}/expositions',
  },
  measurements: { method: 'GET', path: '/measurements' },
  setMonitors: { method: 'PUT', path: '/monitors' },
  monitors: { method: 'GET', path: '/monitors' },
  setRoster: { method: 'PUT', path: '/roster' },
  setSwitches: { method: 'PUT', path: '/switches' },
  setMaintenance: { method: 'PUT', path: '/maintenance' },
  setScale: { method: 'PUT', path: '/scale' },
  switches: { method: 'GET', path: '/switches' },
  setStatusPages: { method: 'PUT', path: '/status-page' },
  takeStatusRequests: { method: 'POST', path: '/status-page/requests' },
  listSwitches: { method: 'GET', path: '/apps/{app}/environments/{environment}/switches' },
  changeSwitch: { method: 'PUT', path: '/apps/{app}/environments/{environment}/switches/{switch}' },
  log: { method: 'GET', path: '/apps/{app}/environments/{environment}/log' },
  output: { method: 'POST', path: '/output' },
  removeEnvironment: { method: 'DELETE', path: '/apps/{app}/environments/{environment}' },
  rehearse: { method: 'POST', path: '/apps/{app}/environments/{environment}/rehearsals' },
  drift: { method: 'POST', path: '/apps/{app}/environments/{environment}/drift' },
  repairDrift: { method: 'POST', path: '/apps/{app}/environments/{environment}/drift/repair' },
  driftFile: { method: 'POST', path: '/apps/{app}/environments/{environment}/drift/file' },
  restart: {
    method: 'POST',
    path: '/apps/{app}/environments/{environment}/releases/{release}/restart',
  },
  command: { method: 'PUT', path: '/apps/{app}/environments/{environment}/commands/{key}' },
  faults: { method: 'GET', path: '/faults' },
  makeFault: { method: 'POST', path: '/apps/{app}/environments/{environment}/faults' },
  renewFault: { method: 'PUT', path: '/faults/{id}/lease' },
  undoFault: { method: 'POST', path: '/faults/{id}/undo' },
  blob: { method: 'GET', path: '/blobs/{digest}' },
  putBlob: { method: 'PUT', path: '/blobs/{digest}' },
  upgrade: { method: 'POST', path: '/upgrade' },
  stopAll: { method: 'POST', path: '/stop-all' },
} as const
