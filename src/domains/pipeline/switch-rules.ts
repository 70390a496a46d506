import type { PipelineFile } from '#contract/pipeline-file/pipeline-file.ts'
import type { SwitchFile } from '#contract/pipeline-file/switch-file.ts'
import { type Found, meant, type Path } from './problem.ts'

interface File extends Partial<Pick<PipelineFile, 'monitors' | 'switches'>> {
  /** the names of all switches, valid or not */
  switchNames?: string[]
}

const most = 500

/** The types of the values of switches, and which switches monitors turn off. */
export function switchRules({ monitors = {}, switches = {}, switchNames = [] }: File): Found[] {
  const count = switchNames.length
  if (count > most)
    return [
      {
        ...{ path: ['switches'], atKey: true },
        problem: `there are ${count} switches; the limit is ${most}`,
        hint: 'remove those that have expired',
      },
    ]
  return [
    ...Object.entries(switches).flatMap(([name, one]) => valueRules(name, one)),
    ...Object.entries(monitors).flatMap(([name, { pulls }]) =>
      pulls.flatMap((pulled, i) =>
        pullRules(['monitors', name, 'pulls', i], pulled, switches, switchNames),
      ),
    ),
  ]
}

const words: Record<SwitchFile['type'], string> = {
  ...{ boolean: '`true` or `false`', string: 'text', number: 'a number' },
  object: 'a mapping with keys',
}

function valueRules(name: string, { type, default: standard, variants }: SwitchFile): Found[] {
  const path: Path = ['switches', name]
  const names = Object.keys(variants)
  if (type === 'boolean' && names.length > 0)
    return [
      {
        ...{ path: [...path, 'variants'], atKey: true },
        problem: `switch \`${name}\` is a boolean, whose variants are \`on\` and \`off\``,
        hint: 'remove `variants`, or set another `type`',
      },
    ]
  const wrong = (at: Path, problem: string): Found => ({
    ...{ path: [...path, ...at], atKey: false, problem },
    hint: `write ${words[type]}, or set another \`type\``,
  })
  const values = names.flatMap((variant) =>
    typeof variants[variant] === type
      ? []
      : [
          wrong(
            ['variants', variant],
            `the variant \`${variant}\` of switch \`${name}\` must be ${words[type]}`,
          ),
        ],
  )
  if (names.length === 0)
    return typeof standard === type
      ? []
      : [wrong(['default'], `the default of switch \`${name}\` must be ${words[type]}`)]
  if (typeof standard === 'string' && names.includes(standard)) return values
  return [
    ...values,
    {
      ...{ path: [...path, 'default'], atKey: false },
      problem: `the default of switch \`${name}\` must be one of its variants`,
      hint: meant(String(standard), names, 'the variants are'),
    },
  ]
}

function pullRules(
  path: Path,
  pulled: string,
  switches: Record<string, SwitchFile>,
  names: string[],
): Found[] {
  const monitor = `monitor \`${String(path[1])}\``
  if (!names.includes(pulled))
    return [
      {
        ...{ path, atKey: false },
        problem: `${monitor} names the switch \`${pulled}\`, which does not exist`,
        hint:
          names.length === 0
            ? `for example \`switches: {${pulled}: true}\``
            : meant(pulled, names, 'the switches of the file are'),
      },
    ]
  const type = switches[pulled]?.type ?? 'boolean'
  if (type === 'boolean') return []
  return [
    {
      ...{ path, atKey: false },
      problem: `${monitor} turns off the switch \`${pulled}\`, which is of the type ${type}`,
      hint: 'add a boolean switch',
    },
  ]
}
