import { cpp, csharp, go, java, rust } from './nodes-compiled.ts'
import { bash, php, python, ruby, script, typed } from './nodes-dynamic.ts'
import type { NodeTypes } from './roles.ts'

/** A programming language and the meaning of its grammar's nodes for complexity. */
export interface Language {
  name: string
  /** Name in the file `tree-sitter-….wasm`. */
  grammar: string
  /** File name extensions without the dot. */
  extensions: string[]
  nodes: NodeTypes
  /** What can precede a method's name in a call to itself. */
  selves: string[]
  /** A method can be called by its bare name. */
  hasBareMethods?: true
  /**
   * Functions with one name differ by their parameters, so only a call with the same number of
   * arguments is recursion.
   */
  hasOverloads?: true
  /**
   * A function without control flow of its own is a namespace for its nested functions (appendix A
   * of the paper).
   */
  hasDeclarativeFunctions?: true
  /** Nodes in a parameter list that are not parameters. */
  noParameter?: RegExp
  /** What follows the name of a function in a call. */
  called?: RegExp
}

const javascript = {
  selves: ['this.'],
  hasDeclarativeFunctions: true as const,
  noParameter: /^this\b/,
}
const overloading = { hasBareMethods: true, hasOverloads: true } as const

/**
 * The measured languages, with the grammars of `@vscode/tree-sitter-wasm`, which has none for C
 * alone.
 */
export const languages: Language[] = [
  {
    name: 'JavaScript',
    grammar: 'javascript',
    extensions: ['js', 'mjs', 'cjs', 'jsx'],
    nodes: script,
    ...javascript,
  },
  {
    name: 'TypeScript',
    grammar: 'typescript',
    extensions: ['ts', 'mts', 'cts'],
    nodes: typed,
    ...javascript,
  },
  { name: 'TSX', grammar: 'tsx', extensions: ['tsx'], nodes: typed, ...javascript },
  {
    ...{ name: 'Python', grammar: 'python', extensions: ['py'], nodes: python },
    ...{ selves: ['self.', 'cls.'], noParameter: /^(self|cls|\*|\/)$/ },
  },
  { name: 'Go', grammar: 'go', extensions: ['go'], nodes: go, selves: [] },
  {
    ...{ name: 'Java', grammar: 'java', extensions: ['java'], nodes: java, ...overloading },
    ...{ selves: ['this.'], noParameter: /\bthis$/ },
  },
  {
    name: 'C#',
    grammar: 'c-sharp',
    extensions: ['cs'],
    nodes: csharp,
    ...overloading,
    selves: ['this.'],
  },
  {
    ...{
      name: 'C/C++',
      grammar: 'cpp',
      extensions: ['c', 'h', 'cc', 'cpp', 'cxx', 'hpp', 'hh'],
      nodes: cpp,
    },
    ...{ ...overloading, selves: ['this->'], noParameter: /^void$/ },
  },
  {
    ...{ name: 'Ruby', grammar: 'ruby', extensions: ['rb'], nodes: ruby, hasBareMethods: true },
    ...{ selves: ['self.'], called: /(?![\w.:!?=])/y },
  },
  {
    ...{ name: 'Rust', grammar: 'rust', extensions: ['rs'], nodes: rust },
    ...{ selves: ['self.', 'Self::'], noParameter: /^[^:]*\bself\b/ },
  },
  {
    name: 'PHP',
    grammar: 'php',
    extensions: ['php'],
    nodes: php,
    selves: ['$this->', 'self::', 'static::'],
  },
  {
    ...{ name: 'Bash', grammar: 'bash', extensions: ['sh', 'bash'], nodes: bash },
    ...{ selves: [], called: /(?=[\s;)|&<>]|$)/y },
  },
]

const byExtension = new Map(
  languages.flatMap((language) =>
    language.extensions.map((extension): [string, Language] => [extension, language]),
  ),
)

/** The language of a file by its extension in any case; null when unknown. */
export function languageOf(file: string): Language | null {
  return byExtension.get(/\.([a-z]+)$/i.exec(file)?.[1]?.toLowerCase() ?? '') ?? null
}
