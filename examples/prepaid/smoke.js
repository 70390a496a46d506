// Checks a running release at $FAIRLEAD_URL: it is healthy, and money goes in and out of an account of its own.
import assert from 'node:assert/strict'

const base = (process.env.FAIRLEAD_URL ?? 'http://127.0.0.1:3000').replace(/\/$/, '')
const release = process.env.FAIRLEAD_RELEASE ?? 'local'

async function call(path, body) {
  const response = await fetch(base + path, body ? { method: 'POST', body: JSON.stringify(body) } : {})
  assert.ok(response.ok, `${path} answers ${response.status}: ${await response.clone().text()}`)
  return response.json()
}

try {
  assert.equal((await call('/health')).status, 'ok')
  await call('/accounts', { id: 'smoke', name: 'Smoke test' })
  const { balance } = await call('/accounts/smoke/top-ups', { id: release, amount: 100 })
  assert.ok(balance >= 100, 'a top-up counts')
  await call('/accounts/smoke/top-ups', { id: release, amount: 100 })
  assert.equal((await call('/accounts/smoke/usage', { id: release, amount: 100 })).balance, balance - 100)
  console.log(`release ${release} at ${base} is well`)
} catch (error) {
  // The reason is for a person; the stack of this file says nothing more.
  console.error(`The release at ${base} does not work: ${error.message}`)
  process.exitCode = 1
}
