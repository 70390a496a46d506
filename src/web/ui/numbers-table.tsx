import type { ReactNode } from 'react'

/** A table of numbers. The first column is the header of its row. */
export function NumbersTable({ head, rows }: { head: ReactNode[]; rows: ReactNode[][] }) {
  const cell = 'px-1 py-1 sm:px-2 font-normal first:pl-0 first:text-left last:pr-0 text-right'
  return (
    <table className="w-full text-small [overflow-wrap:normal]">
      <thead>
        <tr className="border-b border-edge-strong text-soft">
          {head.map((one, i) => (
            <th key={i} scope="col" className={cell}>
              {one}
            </th>
          ))}
        </tr>
      </thead>
      <tbody className="divide-y divide-edge">
        {rows.map((row, i) => (
          <tr key={i}>
            {row.map((one, column) =>
              column === 0 ? (
                <th key={column} scope="row" className={cell}>
                  {one}
                </th>
              ) : (
                <td key={column} className={cell}>
                  {one}
                </td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
