import { z } from 'zod'
import { name } from '#contract/app/app.ts'
import { endpoint } from '#contract/endpoint.ts'
import { done } from '#contract/params.ts'
import { destination, host } from './host.ts'

const inHost = z.object({ host: name })
/** Environments with these labels are on the host. */
const labels = z.array(name).max(20)

/** The machines that run services, which the server reaches over SSH. */
export const hostEndpoints = {
  listHosts: endpoint({
    method: 'GET',
    path: '/hosts',
    role: 'viewer',
    summary: 'List the machines that run services, with their state and what runs on them',
    output: z.object({ hosts: z.array(host) }),
  }),
  readHostKey: endpoint({
    method: 'GET',
    path: '/host-key',
    role: 'admin',
    summary: 'Read the key of the SSH server at a destination, without signing in there',
    query: z.object({ destination }),
    output: z.object({ destination: z.string(), fingerprint: z.string() }),
  }),
  addHost: endpoint({
    method: 'POST',
    path: '/hosts',
    role: 'admin',
    summary: 'Install a host on a machine over SSH; the list shows how far it is',
    body: z.object({
      name,
      destination,
      /** the key that the SSH server must have, which is pinned */
      fingerprint: z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/, 'must be SHA256:…'),
      labels: labels.default([]),
      /** of the host on its machine; default: `.fairlead-host` in the home folder of the user */
      folder: z.string().max(70).startsWith('/').optional(),
      /** variables of the host, such as `FAIRLEAD_EDGE_LISTEN` */
      settings: z.record(z.string(), z.string().max(1000)).default({}),
    }),
    output: host,
  }),
  upgradeHost: endpoint({
    method: 'POST',
    path: '/hosts/{host}/upgrade',
    role: 'admin',
    summary:
      'Install the version of this server on a host, which hands over without a lost request',
    params: inHost,
    output: host,
  }),
  labelHost: endpoint({
    method: 'PUT',
    path: '/hosts/{host}/labels',
    role: 'admin',
    summary: 'Replace the labels of a host, which the next change of each environment looks at',
    params: inHost,
    body: z.object({ labels }),
    output: host,
  }),
  drainHost: endpoint({
    method: 'POST',
    path: '/hosts/{host}/drain',
    role: 'admin',
    summary:
      'Stop what environments with several hosts run on a host; the other hosts go on, and no ' +
      'release goes there until the host is undrained',
    params: inHost,
    body: z.object({
      /** also when no other host serves one of the environments */
      force: z.boolean().default(false),
      reason: z.string().trim().max(500).default(''),
    }),
    output: host,
  }),
  undrainHost: endpoint({
    method: 'POST',
    path: '/hosts/{host}/undrain',
    role: 'admin',
    summary: 'Let a host that was drained run what is live again',
    params: inHost,
    output: host,
  }),
  removeHost: endpoint({
    method: 'DELETE',
    path: '/hosts/{host}',
    role: 'admin',
    summary: 'Stop a host that runs nothing, delete its files there, and forget it',
    params: inHost,
    query: z.object({
      /** `forget`: without a connection, and whatever runs there */
      how: z.enum(['clean', 'forget']).default('clean'),
    }),
    output: done,
  }),
}
