import { cpp, csharp, go, java, rust } from './nodes-compiled.ts'
import { bash, php, python, ruby, script, typed } from './nodes-dynamic.ts'
import type { NodeTypes } from './roles.ts'

/** A programming language, and what the nodes of its grammar mean for complexity. */
export interface Language {
  name: string
  /** Of the file `tree-sitter-….wasm`. */
  grammar: string
  /** File name endings, without the dot. */
  extensions: string[]
  nodes: NodeTypes
  /** What may stand before the name of a method in a call to the method itself. */
  selves: string[]
  /** A method is called by its bare name, too. */
  hasBareMethods?: true
  /**
   * Functions of one name differ by their parameters, so only a call with as many arguments is
   * recursion.
   */
  hasOverloads?: true
  /**
   * A function without control flow of its own is a namespace for those within it (the paper's
   * appendix A).
   */
  hasDeclarativeFunctions?: true
  /** What stands among parameters and is none. */
  noParameter?: RegExp
  /** What follows the name of a function in a call of it. */
  called?: RegExp
}

const javascript = {
  selves: ['this.'],
  hasDeclarativeFunctions: true as const,
  noParameter: /^this\b/,
}
const overloading = { hasBareMethods: true, hasOverloads: true } as const

/**
 * The languages whose code is measured, by the grammars of `@vscode/tree-sitter-wasm`, which has
 * none for C alone.
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

/**
 * The language of a file by the ending of its name, in upper or lower case; null when it is not
 * known.
 */
export function languageOf(file: string): Language | null {
  return byExtension.get(/\.([a-z]+)$/i.exec(file)?.[1]?.toLowerCase() ?? '') ?? null
}
