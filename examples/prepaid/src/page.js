const escape = (text) => String(text).replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)

/** The page at `/`: which version this is, where it runs, and what the books say. */
export function page({ environment, release, commit }) {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Prepaid · ${escape(environment)}</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { max-width: 42rem; margin: 10vh auto; padding: 0 1.5rem }
  h1 { margin: 0; font-size: 2.2rem } h1 small { color: #2a9d5c; font-size: 1rem; margin-left: .6rem }
  p { color: #888 } dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: 1rem; margin: 2rem 0 }
  dl div { border: 1px solid #8884; border-radius: .6rem; padding: .8rem 1rem } dt { color: #888 } dd { margin: 0; font-size: 1.5rem; font-variant-numeric: tabular-nums }
  button { font: inherit; padding: .5rem 1rem; border: 1px solid #8886; border-radius: .5rem; background: none; cursor: pointer; margin-right: .5rem }
  button:focus-visible { outline: 2px solid #2a9d5c }
</style>
<h1>Prepaid<small>${escape(environment)}</small></h1>
<p>release <b>${escape(release)}</b> · commit ${escape(commit.slice(0, 10))} · <span id="store">…</span></p>
<dl>
  <div><dt>accounts</dt><dd id="accounts">–</dd></div>
  <div><dt>balance</dt><dd id="balance">–</dd></div>
  <div><dt>used</dt><dd id="used">–</dd></div>
  <div><dt>recharges</dt><dd id="recharges">–</dd></div>
</dl>
<button id="use">Use 2.50</button><button id="top-up">Top up 10.00</button><span id="said" role="status"></span>
<script>
  const show = (id, text) => { document.getElementById(id).textContent = text }
  const money = (cents) => (cents / 100).toFixed(2)
  const post = (path, body) => fetch(path, { method: 'POST', body: JSON.stringify(body) })
  async function refresh() {
    try {
      const totals = await (await fetch('/totals')).json()
      if (totals.error) throw new Error(totals.error)
      show('accounts', totals.accounts); show('balance', money(totals.balance)); show('used', money(totals.used))
      show('recharges', totals.recharges); show('store', 'balances in ' + (totals.store === 'redis' ? 'Redis' : 'a file'))
    } catch (error) { show('store', error.message) }
  }
  async function move(what, amount) {
    await post('/accounts', { id: 'visitor', recharge: { below: 500, amount: 2000 } })
    const response = await post('/accounts/visitor/' + what, { id: crypto.randomUUID?.() ?? String(Math.random()), amount })
    show('said', response.ok ? '' : (await response.json()).error)
    await refresh()
  }
  document.getElementById('use').onclick = () => move('usage', 250)
  document.getElementById('top-up').onclick = () => move('top-ups', 1000)
  refresh(); setInterval(refresh, 2000)
</script>
</html>
`
}
