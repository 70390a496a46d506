import type { MachinesFile } from '#contract/pipeline-file/machine-file.ts'
import { callbackPlugin } from './callback.ts'
import { inventoryText, knownHostsText } from './inventory.ts'
import { shellWord } from '#platform/process/shell-word.ts'

/** What a run of `ansible-playbook` does. */
export type MachineAction =
  | { kind: 'list' }
  | { kind: 'plan' }
  /** `only` limits it to a batch; null for all machines */
  | { kind: 'apply'; only: string[] | null }

/** The exit code of the script when `verify` failed. */
export const verifyExit = 78

/** The end of texts in the script; no line of them can be the same. */
const endOfText = 'END_OF_TEXT_91c4f07e'

const fileOf = (path: string, text: string): string[] => [
  `cat >"$work/${path}" <<'${endOfText}'`,
  text.replaceAll(endOfText, ''),
  endOfText,
]

/**
 * The script for `sh` that runs a playbook: it writes the callback plugin and the declared
 * inventory to a temporary folder, hands the key of SSH to an agent, and starts `ansible-playbook`.
 * What the team configured (`ansible.cfg`, variables of Ansible) stays in force. Pure.
 */
export function machineScript(settings: MachinesFile, action: MachineAction): string {
  const { hosts, key, vault, become, verify } = settings
  const needsKey = key !== undefined && action.kind !== 'list'
  return [
    ...beginning,
    ...(needsKey ? agent(key) : []),
    ...(vault === undefined ? [] : passwordFile('ANSIBLE_VAULT_PASSWORD_FILE', 'vault', vault)),
    ...(become === undefined ? [] : passwordFile('ANSIBLE_BECOME_PASSWORD_FILE', 'become', become)),
    ...(hosts === undefined
      ? []
      : [
          ...fileOf('inventory.json.in', inventoryText(hosts, '@WORK@/known_hosts')),
          'sed "s|@WORK@|$work|g" "$work/inventory.json.in" >"$work/inventory.json"',
          ...fileOf('known_hosts', knownHostsText(hosts)),
        ]),
    ...(settings.known_hosts === undefined
      ? []
      : [
          `ANSIBLE_SSH_EXTRA_ARGS="$ANSIBLE_SSH_EXTRA_ARGS -o UserKnownHostsFile=` +
            `$PWD/"${shellWord(settings.known_hosts)}`,
        ]),
    ...(settings.forks === undefined ? defaultForks : []),
    ...defaultPipelining,
    `ansible-playbook ${wordsOf(settings, action).join(' ')}`,
    'code=$?',
    ...(verify === undefined || action.kind !== 'apply' ? [] : verification(verify, settings)),
    'exit "$code"',
    '',
  ].join('\n')
}

const beginning = [
  'umask 077',
  'if ! command -v ansible-playbook >/dev/null 2>&1; then',
  '  echo "ansible-playbook is not installed where Fairlead runs" >&2; exit 69',
  'fi',
  'work=$(mktemp -d /tmp/machine.XXXXXX) || exit 70',
  `trap 'test -z "\${SSH_AGENT_PID:-}" || kill "$SSH_AGENT_PID" 2>/dev/null; rm -rf "$work"' EXIT`,
  `trap 'exit 143' HUP INT TERM`,
  'mkdir "$work/home" "$work/callback"',
  ...fileOf('callback/fairlead.py', callbackPlugin),
  'export HOME="$work/home" ANSIBLE_HOME="$work/home/.ansible"',
  'export ANSIBLE_LOCAL_TEMP="$work/home/tmp" ANSIBLE_SSH_CONTROL_PATH_DIR="$work/cp"',
  'export ANSIBLE_NOCOLOR=1 ANSIBLE_FORCE_COLOR=0 ANSIBLE_RETRY_FILES_ENABLED=0',
  'export ANSIBLE_STDOUT_CALLBACK=fairlead SSH_ASKPASS_REQUIRE=never PYTHONDONTWRITEBYTECODE=1',
  // A variable replaces what the file says, so that its folders are kept.
  `theirs=$(sed -n 's/^ *callback_plugins *= *//p' "\${ANSIBLE_CONFIG:-ansible.cfg}" 2>/dev/null)`,
  'theirs=${ANSIBLE_CALLBACK_PLUGINS:-$theirs}',
  'export ANSIBLE_CALLBACK_PLUGINS="$work/callback${theirs:+:$theirs}"',
  // Without this, ssh waits forever for a machine that stops answering. The first value counts.
  `theirs=$(sed -n 's/^ *ssh_extra_args *= *//p' "\${ANSIBLE_CONFIG:-ansible.cfg}" 2>/dev/null)`,
  'theirs=${ANSIBLE_SSH_EXTRA_ARGS:-$theirs}',
  'export ANSIBLE_SSH_EXTRA_ARGS="$theirs -o ServerAliveInterval=15 -o ServerAliveCountMax=4"',
]

const defaultForks = [
  `if ! grep -q '^ *forks *=' "\${ANSIBLE_CONFIG:-ansible.cfg}" 2>/dev/null; then`,
  '  export ANSIBLE_FORKS="${ANSIBLE_FORKS:-20}"',
  'fi',
]

/** One connection to a machine runs each module, instead of several that copy it first. */
const defaultPipelining = [
  `if ! grep -q '^ *pipelining *=' "\${ANSIBLE_CONFIG:-ansible.cfg}" 2>/dev/null; then`,
  '  export ANSIBLE_PIPELINING="${ANSIBLE_PIPELINING:-${ANSIBLE_SSH_PIPELINING:-1}}"',
  'fi',
]

/** The key is never in a file, and no process of the playbook has it in its variables. */
const agent = (key: string): string[] => [
  'ssh-agent -s -a "$work/agent" >"$work/agent.sh" && . "$work/agent.sh" >/dev/null || exit 70',
  `if ! printf '%s\\n' "\${${key}:-}" | ssh-add -q - 2>/dev/null; then`,
  `  echo "the secret ${key} is missing, or is not a private key of SSH without a passphrase" >&2`,
  '  exit 65',
  'fi',
  `unset ${key}`,
]

const passwordFile = (variable: string, file: string, secret: string): string[] => [
  ...fileOf(file, `#!/bin/sh\nprintf '%s\\n' "$${secret}"`),
  `chmod 700 "$work/${file}"; export ${variable}="$work/${file}"`,
]

function wordsOf(settings: MachinesFile, action: MachineAction): string[] {
  const { playbook, inventory, hosts, groups, vars, forks } = settings
  const limits = [
    ...(groups.length === 0 ? [] : [groups.join(':')]),
    ...(action.kind === 'apply' && action.only !== null ? [action.only.join(':')] : []),
  ]
  // The second pattern must hold, too: `a:b:&c` are those of a and b that are in c.
  const limit = limits.length === 2 ? `${limits[1]}:&${groups.join(':&')}` : limits[0]
  return [
    ...(hosts === undefined ? [] : ['-i', '"$work/inventory.json"']),
    ...(inventory === undefined ? [] : ['-i', shellWord(inventory)]),
    ...(limit === undefined ? [] : ['--limit', shellWord(limit)]),
    ...(forks === undefined ? [] : ['--forks', String(forks)]),
    ...(Object.keys(vars).length === 0 ? [] : ['--extra-vars', shellWord(JSON.stringify(vars))]),
    ...(action.kind === 'list' ? ['--list-hosts'] : []),
    ...(action.kind === 'plan' ? ['--check', '--diff'] : []),
    ...(action.kind === 'apply' ? ['--diff'] : []),
    shellWord(playbook),
  ]
}

/** Runs after the batch unless a machine failed; 4 means that one did not answer. */
const verification = (command: string, { unreachable }: MachinesFile): string[] => [
  `if [ "$code" = 0 ]${unreachable === 'continue' ? ' || [ "$code" = 4 ]' : ''}; then`,
  `  sh -c ${shellWord(command)} || code=${verifyExit}`,
  'fi',
]
