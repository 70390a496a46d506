import type { ConfigurationFile } from '#contract/configuration/comparison.ts'
import { useConfigurationFiles } from '../live/configuration-queries.ts'
import { Scrollable } from '../ui/scrollable.tsx'
import { Section } from '../ui/page.tsx'
import { asSentence } from '../ui/state.ts'

/** The configuration files of the services, with the values in force and without secrets. */
export function ConfigurationFiles({ app, environment }: { app: string; environment: string }) {
  const files = useConfigurationFiles(app, environment).data ?? []
  if (files.length === 0) return null
  return (
    <Section title="Configuration files">
      <ul className="panel divide-y divide-edge">
        {files.map((file) => (
          <li key={`${file.service} ${file.path}`} className="px-4 py-2.5">
            <FileView file={file} />
          </li>
        ))}
      </ul>
    </Section>
  )
}

function FileView({ file }: { file: ConfigurationFile }) {
  const { service, path, template, kind, mode, uses, text, problem } = file
  return (
    <>
      <p className="flex flex-wrap gap-x-4 break-all">
        <code className="font-mono font-medium">{path}</code>
        <span className="text-soft">
          of {service}, from {template}
          {problem === null ? `, ${kind}, mode ${mode}` : ''}
        </span>
      </p>
      {problem === null ? null : <p className="mt-1 text-warn">{asSentence(problem)}</p>}
      {uses.length === 0 ? null : (
        <p className="mt-1 text-soft">
          Reads <span className="font-mono break-all">{uses.join(', ')}</span>
        </p>
      )}
      {text === null ? null : (
        <details className="mt-1">
          <summary className="w-fit text-soft hover:text-ink">Show {path}</summary>
          <Scrollable
            as="pre"
            label="Content of the file"
            className="mt-2 max-h-96 font-mono text-small"
          >
            {text}
          </Scrollable>
        </details>
      )}
    </>
  )
}
