import { useEffect, useState } from 'react'
import { useSearchParams } from 'react-router'
import { useAppNames } from '../live/queries.ts'

/** Typing pauses, in milliseconds. */
const pauseMs = 250

/** One filter, stored in the query string of the URL. */
export function useFilter(key: string): [string, (value: string) => void] {
  const [search, setSearch] = useSearchParams()
  const set = (value: string): void =>
    setSearch(
      (old) => {
        const next = new URLSearchParams(old)
        if (value === '') next.delete(key)
        else next.set(key, value)
        return next
      },
      { replace: true },
    )
  return [search.get(key) ?? '', set]
}

export interface Choice {
  value: string
  text: string
}

export function SelectFilter({
  name,
  label,
  choices,
  fallback = '',
}: {
  name: string
  label: string
  choices: Choice[]
  /** the value while none is chosen; without it, nothing is filtered then */
  fallback?: string
}) {
  const [chosen, set] = useFilter(name)
  const value = chosen || fallback
  return (
    <label className="flex min-w-28 flex-1 flex-col gap-1 sm:flex-none">
      <span className="label">{label}</span>
      <select
        className="field h-9 w-full min-w-24 sm:w-auto sm:min-w-32 sm:max-w-52"
        value={value}
        onChange={(event) => set(event.target.value)}
      >
        {fallback === '' ? <option value="">All</option> : null}
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.text}
          </option>
        ))}
        {value !== '' && !choices.some((choice) => choice.value === value) ? (
          <option value={value}>{value}</option>
        ) : null}
      </select>
    </label>
  )
}

/** The filter of a list by its app. */
export function AppFilter() {
  const apps = useAppNames()
  return (
    <SelectFilter
      name="app"
      label="App"
      choices={apps.map((name) => ({ value: name, text: name }))}
    />
  )
}

/** The field that finds apps by a part of their names. `/` goes to it. */
export function AppSearch() {
  const [text, set] = useFilter('q')
  return (
    <input
      data-search
      type="search"
      aria-label="Find an app"
      placeholder="Find an app"
      value={text}
      onChange={(event) => set(event.target.value)}
      className="field h-9 w-44 max-sm:w-full"
    />
  )
}

/** A filter by a text, applied when typing pauses or the field is left. */
export function TextFilter({
  name,
  label,
  placeholder,
  type = 'text',
  isSearch = false,
}: {
  name: string
  label: string
  placeholder?: string
  type?: 'text' | 'date'
  isSearch?: boolean
}) {
  const [value, set] = useFilter(name)
  const [text, setText] = useState(value)
  useEffect(() => setText(value), [value])
  useEffect(() => {
    if (text === value) return
    const timer = setTimeout(() => set(text), pauseMs)
    return () => clearTimeout(timer)
  })
  return (
    <label className="flex min-w-28 flex-1 flex-col gap-1 sm:flex-none">
      <span className="label">{label}</span>
      <input
        {...(isSearch ? { 'data-search': true } : {})}
        type={isSearch ? 'search' : type}
        placeholder={placeholder}
        className="field h-9 w-full min-w-28 sm:w-40"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
    </label>
  )
}

export const wordChoices = (badges: Record<string, { word: string }>): Choice[] =>
  Object.entries(badges).map(([value, { word }]) => ({ value, text: word }))
