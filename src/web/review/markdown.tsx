import { lexer, type Token, type Tokens } from 'marked'
import { Fragment, type ReactNode } from 'react'

/**
 * Markdown that people wrote, as elements: HTML in it is text, a link leads only to `http` and
 * `https` addresses, and an image is its description. No text becomes HTML.
 */
export const Markdown = ({ text }: { text: string }) => (
  <div className="prose wrap-anywhere">{blocks(tokensOf(text))}</div>
)

/** Text that is nested too deeply for the library is shown as it is. */
function tokensOf(text: string): Token[] {
  try {
    return lexer(text)
  } catch {
    return [{ type: 'text', raw: text, text }]
  }
}

const blocks = (tokens: Token[] | undefined): ReactNode =>
  (tokens ?? []).map((token, i) => <Fragment key={i}>{block(token as Tokens.Generic)}</Fragment>)

function block(token: Tokens.Generic): ReactNode {
  switch (token.type) {
    case 'space':
    case 'def':
      return null
    case 'heading':
      // The page has the headings above.
      return token['depth'] > 2 ? <h4>{inline(token.tokens)}</h4> : <h3>{inline(token.tokens)}</h3>
    case 'code':
      return (
        <pre tabIndex={0}>
          <code>{token['text']}</code>
        </pre>
      )
    case 'blockquote':
      return <blockquote>{blocks(token.tokens)}</blockquote>
    case 'hr':
      return <hr />
    case 'list':
      return list(token as Tokens.List)
    case 'table':
      return table(token as Tokens.Table)
    case 'paragraph':
      return <p>{inline(token.tokens)}</p>
    default:
      return inlineToken(token)
  }
}

function list({ ordered, start, items }: Tokens.List): ReactNode {
  const children = items.map((item, i) => (
    <li key={i}>
      {item.task ? (item.checked ? '☑ ' : '☐ ') : ''}
      {blocks(item.tokens)}
    </li>
  ))
  return ordered ? <ol start={start === '' ? 1 : start}>{children}</ol> : <ul>{children}</ul>
}

const table = ({ header, rows }: Tokens.Table): ReactNode => (
  <div className="table" role="region" aria-label="Table" tabIndex={0}>
    <table>
      <thead>
        <tr>
          {header.map((cell, i) => (
            <th key={i}>{inline(cell.tokens)}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, i) => (
          <tr key={i}>
            {row.map((cell, j) => (
              <td key={j}>{inline(cell.tokens)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </div>
)

const inline = (tokens: Token[] | undefined): ReactNode =>
  (tokens ?? []).map((token, i) => (
    <Fragment key={i}>{inlineToken(token as Tokens.Generic)}</Fragment>
  ))

function inlineToken(token: Tokens.Generic): ReactNode {
  switch (token.type) {
    case 'strong':
      return <strong>{inline(token.tokens)}</strong>
    case 'em':
      return <em>{inline(token.tokens)}</em>
    case 'del':
      return <del>{inline(token.tokens)}</del>
    case 'codespan':
      return <code>{token['text']}</code>
    case 'br':
      return <br />
    case 'link':
      return /^https?:\/\//i.test(token['href']) ? (
        <a href={token['href']} target="_blank" rel="noreferrer nofollow">
          {inline(token.tokens)}
        </a>
      ) : (
        inline(token.tokens)
      )
    case 'checkbox':
      return null
    case 'image':
    case 'escape':
      return token['text']
    case 'text':
      return token.tokens ? inline(token.tokens) : token['text']
    default:
      return token.raw
  }
}
