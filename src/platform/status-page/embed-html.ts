import { componentStateWords } from '#contract/status-page/status-page.ts'
import { escaped } from './html-text.ts'
import { overallState, type ShownPage } from './shown-page.ts'
import { styleOf } from './style.ts'

/** The state in one line with a link to the page, for a frame of another site. Pure. */
export function embedHtml(page: ShownPage): string {
  const state = overallState(page)
  const word = wordOf(page)
  const name = escaped(page.title || 'Status')
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${name}: ${word}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>${styleOf(page.theme)}</style></head><body><main class="embed"><p class="state ${state}">
${word}</p><p class="soft"><a href="/" target="_blank" rel="noopener">${name}</a></p></main></body>
</html>
`
}

function wordOf(page: ShownPage): string {
  const state = overallState(page)
  const [all, same] = [page.components, page.components.filter((one) => one.state === state)]
  if (all.length === 0 || page.isStale) return componentStateWords.unknown
  if (state === 'operational') return 'Everything is operational'
  return `${componentStateWords[state]}: ${same.length} of ${all.length} components`
}
