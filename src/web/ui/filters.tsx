import { useSearchParams } from 'react-router'

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
}: {
  name: string
  label: string
  choices: Choice[]
}) {
  const [value, set] = useFilter(name)
  return (
    <label className="flex min-w-0 flex-1 flex-col gap-1 sm:flex-none">
      <span className="label">{label}</span>
      <select
        className="field h-9 w-full min-w-24 sm:w-auto sm:min-w-32 sm:max-w-52"
        value={value}
        onChange={(event) => set(event.target.value)}
      >
        <option value="">All</option>
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

export const wordChoices = (badges: Record<string, { word: string }>): Choice[] =>
  Object.entries(badges).map(([value, { word }]) => ({ value, text: word }))
