// Prints the accounts whose card was charged without a credit to the balance. It compares the
// record of the card processor with the second book, and needs no Redis.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const { CARDS_URL, FAIRLEAD_DATA_DIR } = process.env
/** Milliseconds that a credit may take. */
const grace = 1000

function creditedCharges() {
  try {
    return new Set(readFileSync(join(FAIRLEAD_DATA_DIR, 'credited'), 'utf8').split('\n'))
  } catch (error) {
    if (error.code === 'ENOENT') return new Set()
    throw error
  }
}

const charges = await (await fetch(`${CARDS_URL}/charges`)).json()
const credited = creditedCharges()
const uncredited = charges.filter(({ id, at }) => !credited.has(id) && Date.now() - at > grace)
for (const account of new Set(uncredited.map((charge) => charge.account))) console.log(account)
