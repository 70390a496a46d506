import { z } from 'zod'
import { defineAction, wholeService } from '../action.ts'
import { destination, matchesOf, resolveDestination, to } from '../destination.ts'
import { addRules, findRules, firewall, readFirewall, removeRules } from '../firewall.ts'
import { findLoad } from '../load.ts'
import { proxyAddress, proxyEffect } from '../proxy-parameters.ts'
import { startProxy } from '../start-proxy.ts'

/** Like `proxy`, but without a restart, and with TLS: the kernel leads connections to the proxy. */
export default defineAction({
  name: 'redirect',
  title: 'Lead a service to a proxy that breaks the answers of a destination',
  parameters: z.strictObject({ to, ...proxyEffect }),
  example: { to: '192.0.2.1:80', does: 'latency', milliseconds: 500 },
  needs: { root: true, programs: ['nft', 'nsenter'] },
  before: z.object({ firewall, destination }),
  radius: wholeService,
  read: async (parameters, place) => {
    const found = await resolveDestination(parameters.to)
    // Connections to an address of IPv6 cannot be led to one of IPv4.
    const addresses = found.addresses.filter((address) => !address.includes(':'))
    if (found.port === null) throw new Error('to: the destination needs a port')
    if (addresses.length === 0) throw new Error('to: the destination has no address of IPv4')
    return { firewall: readFirewall(place), destination: { ...found, addresses } }
  },
  inject: async (parameters, { firewall: rules, destination: found }, { marker }) => {
    const own = proxyAddress(marker)
    const order = {
      ...parameters,
      ...own,
      to: { host: found.addresses[0] ?? '', port: found.port ?? 0 },
    }
    await startProxy(order, marker, rules.namespace)
    const tcp = matchesOf(found).map((match) => `${match} meta l4proto tcp`)
    const target = `dnat ip to ${own.address}:${own.port}`
    await addRules(
      rules,
      [
        { type: 'nat', rules: tcp.map((match) => `${match} ${target}`) },
        // Connections from before the fault are not led to the proxy, so they end.
        { type: 'filter', rules: tcp.map((match) => `${match} reject with tcp reset`) },
      ],
      marker,
    )
  },
  undo: (found) => removeRules(found.firewall),
  findProblem: (found, { marker }) => findRules(found.firewall) ?? findLoad(marker),
})
