/// <reference types="vite/client" />
const files = import.meta.glob<string>('../../../docs/*.md', { query: '?html', import: 'default' })

/** The HTML of a page; null when there is no such page. Each page is a chunk of its own. */
export async function loadDocs(name: string): Promise<string | null> {
  const load = files[`../../../docs/${name}.md`]
  return load ? load() : null
}
