// The rules, without any input or output: balances follow from the journal's entries, in their order.
// An entry is {id, kind, account, …}; the first entry with an id counts, and any later one with it changes nothing.

export const mostRechargesADay = 3

export function emptyLedger() {
  return { accounts: new Map(), seen: new Map(), unreadable: 0 }
}

/** Adds one line of the journal to a ledger, in place. A line that is not an entry is counted, not guessed at. */
export function add(ledger, line) {
  const entry = parse(line)
  if (!entry) {
    ledger.unreadable += 1
    return
  }
  if (ledger.seen.has(entry.id)) return
  ledger.seen.set(entry.id, apply(ledger, entry))
}

function parse(line) {
  try {
    const entry = JSON.parse(line)
    return entry && typeof entry.id === 'string' && typeof entry.account === 'string' ? entry : null
  } catch {
    return null
  }
}

/** What came of an entry: `done`, or why not. */
function apply({ accounts }, entry) {
  const account = accounts.get(entry.account)
  if (entry.kind === 'open') {
    if (account) return 'exists'
    const { account: id, name, recharge } = entry
    accounts.set(id, { id, name, balance: 0, used: 0, recharge: recharge ?? null, pending: null, recharges: [] })
    return 'done'
  }
  if (!account) return 'unknown'
  if (entry.kind === 'top-up') account.balance += entry.amount
  else if (entry.kind === 'usage') {
    if (account.balance < entry.amount) return 'insufficient'
    account.balance -= entry.amount
    account.used += entry.amount
  } else if (entry.kind === 'recharge') {
    if (account.pending) return 'pending'
    account.pending = { key: entry.id, amount: entry.amount, at: entry.at }
  } else if (entry.kind === 'recharged') {
    if (account.pending?.key !== entry.key) return 'unknown'
    account.balance += account.pending.amount
    account.recharges.push({ ...account.pending })
    account.pending = null
  } else return 'unknown'
  return 'done'
}

/** The recharge that an account needs now, or null: balance below its limit, none on its way, and not too many of late. */
export function neededRecharge(account, now) {
  if (!account.recharge || account.pending || account.balance >= account.recharge.below) return null
  const today = account.recharges.filter(({ at }) => now - at < 86_400_000)
  if (today.length >= mostRechargesADay) return null
  return { key: `recharge/${account.id}/${account.recharges.length + 1}`, amount: account.recharge.amount }
}

export function totals(ledger) {
  const accounts = [...ledger.accounts.values()]
  const sum = (of) => accounts.reduce((total, account) => total + of(account), 0)
  return {
    accounts: accounts.length,
    balance: sum(({ balance }) => balance),
    used: sum(({ used }) => used),
    recharges: sum(({ recharges }) => recharges.length),
  }
}
