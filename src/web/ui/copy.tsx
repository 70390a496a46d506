import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import { classes } from './classes.ts'

/** Copies a text to the clipboard; `copied` stays true for two seconds afterwards. */
export function useCopy(): { copied: boolean; copy: (text: string) => void } {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), 2000)
    return () => clearTimeout(timer)
  }, [copied])
  const copy = (text: string): void => {
    void copyText(text).then(setCopied)
  }
  return { copied, copy }
}

/** Over plain HTTP from another machine, browsers offer only the deprecated command. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const area = document.createElement('textarea')
    area.value = text
    document.body.append(area)
    area.select()
    const isCopied = document.execCommand('copy')
    area.remove()
    return isCopied
  }
}

export function CopyButton({ text, label }: { text: string; label: string }) {
  const { copied, copy } = useCopy()
  return (
    <button
      type="button"
      aria-label={copied ? 'Copied' : label}
      title={label}
      onClick={() => copy(text)}
      className={classes(
        'inline-flex shrink-0 items-center gap-1 rounded p-1 text-soft',
        'hover:bg-hover hover:text-ink',
      )}
    >
      {copied ? (
        <Check size={14} className="text-good" aria-hidden />
      ) : (
        <Copy size={14} aria-hidden />
      )}
      <span className="sr-only" role="status">
        {copied ? 'Copied' : ''}
      </span>
    </button>
  )
}

/** A command line with a button that copies it. */
export function Command({ text }: { text: string }) {
  return (
    <div
      className={classes(
        'flex min-w-0 items-center gap-2 rounded-md border border-edge bg-sunken',
        'py-1.5 pr-1.5 pl-3 text-left',
      )}
    >
      <code className="min-w-0 flex-1 font-mono text-small break-all">{text}</code>
      <CopyButton text={text} label={`Copy: ${text}`} />
    </div>
  )
}
