import { z } from 'zod'
import { defineAction, type FaultAction, type FaultPlace, wholeService } from './action.ts'
import { addRules, type Chain, findRules, firewall, readFirewall, removeRules } from './firewall.ts'

const before = z.object({ firewall, chains: z.array(z.custom<Chain>()) })

/** An action that adds rules for the packets of a service, with root. */
export const defineNetworkAction = <P extends z.ZodType>(
  facts: Pick<FaultAction<P>, 'name' | 'title' | 'parameters' | 'example'>,
  chainsOf: (parameters: z.output<P>, place: FaultPlace) => Promise<Chain[]>,
): FaultAction<P, typeof before> =>
  defineAction({
    ...facts,
    needs: { root: true, programs: ['nft', 'nsenter'] },
    before,
    radius: wholeService,
    read: async (parameters, place) => ({
      firewall: readFirewall(place),
      chains: await chainsOf(parameters, place),
    }),
    inject: (_parameters, found, { marker }) => addRules(found.firewall, found.chains, marker),
    undo: (found) => removeRules(found.firewall),
    findProblem: (found) => findRules(found.firewall),
  })
