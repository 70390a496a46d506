/**
 * Scripts for `sh` on the machine of a host. `$1` is the folder of the host. In it:
 *
 *     runtime/NODE       a version of Node
 *     versions/ID        a version of Fairlead in `node_modules`, and a link `node` to its Node
 *     current            the version that the next host runs
 *     settings           variables of the host
 *     keep               keeps a host running
 *     host, log, …       what the host stores
 */

/** Prints the home folder, the user, the system, and how much disk space is free, in kilobytes. */
export const probeScript = `set -e
mkdir -p "$1" 2>/dev/null || { echo "the folder $1 cannot be created" >&2; exit 3; }
for program in tar gzip df; do
  command -v $program >/dev/null || { echo "$program is missing" >&2; exit 3; }
done
cd "$1" && pwd -P
uname -sm
df -Pk . | awk 'NR == 2 { print $4 }'
`

/** Prints the id of the installed version, and each Node that is there. */
export const installedScript = `cd "$1" || exit 3
basename "$(readlink current 2>/dev/null)" || echo
ls runtime 2>/dev/null || true
`

/** Unpacks an archive as the folder `$2` of the host, which appears when it is complete. */
export const unpackScript = `set -e
cd "$1"
# Another server may have installed it meanwhile.
current=$(basename "$(readlink current 2>/dev/null)" || true)
case $2 in "versions/$current"/*) cat >/dev/null; exit 0 ;; esac
draft="$2.draft-$$"
trap 'rm -rf "$draft"' EXIT
rm -rf "$2".draft-*
mkdir -p "$draft"
tar -xzf - -C "$draft"
rm -rf "$2"
mkdir -p "$(dirname "$2")"
mv "$draft" "$2"
`

/** Checks that the Node in `runtime/$2` runs here; prints why not. */
export const checkScript = `cd "$1" || exit 3
"./runtime/$2/node" --version 2>&1
`

/**
 * Makes `versions/$2` with the Node `runtime/$3` and the entry `$4` the current one, and writes the
 * settings from its input. Older versions but one are removed.
 */
export const switchScript = `set -e
cd "$1"
mkdir -p log host
chmod 700 . log host
ln -sfn "../../runtime/$3/node" "versions/$2/node"
umask 077
cat > settings.draft
mv settings.draft settings
printf '%s\\n' "$4" > "versions/$2/entry"
former=$(basename "$(readlink current 2>/dev/null)" || true)
ln -sfn "versions/$2" "current.draft-$$"
mv -T "current.draft-$$" current
for one in versions/*; do
  case $(basename "$one") in "$2"|"$former"|*.draft-*) ;; *) rm -rf "$one" ;; esac
done
`

const functions = `folder=$(cd "$1" && pwd -P) && cd "$folder" || exit 3
# Whether the process whose number begins a file is one of this folder.
alive() {
  pid=$(cut -d' ' -f1 "$1" 2>/dev/null)
  [ -n "$pid" ] && tr '\\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -Fq "$folder/"
}
`

/** The program that keeps a host running, also after a handover to the next version. */
export const keepScript = `#!/bin/sh
# Keeps one host of Fairlead running. Written by "fairlead hosts".
set -- "$(dirname "$0")"
${functions}echo $$ > keep.pid
while :; do
  if alive host/lock; then sleep 1; continue; fi
  (
    set -a
    . ./settings
    set +a
    version=$(cd current && pwd -P)
    exec "$(readlink -f "$version/node")" \\
      "$version/node_modules/fairlead/$(cat "$version/entry")" host
  ) </dev/null >>log/host.log 2>&1 &
  wait $!
  sleep 0.3
done
`

/**
 * Keeps a host running: as a unit of systemd, named `$2`, where there is one that this user may
 * use, and else as a process. Prints which. The input is the program that keeps it running.
 */
export const startScript = `${functions}cat > keep.draft
chmod 700 keep.draft && mv keep.draft keep
unit() {
  cat <<UNIT
[Unit]
Description=Fairlead host in $folder
After=network-online.target
Wants=network-online.target

[Service]
ExecStart=/bin/sh "$folder/keep"
# Services outlive the host, and the next host adopts them.
KillMode=process
Restart=always
RestartSec=2

[Install]
WantedBy=$1
UNIT
}
with_systemd() {
  [ -d /run/systemd/system ] || return 1
  if [ "$(id -u)" = 0 ]; then
    unit multi-user.target > "/etc/systemd/system/$2.service" || return 1
    systemctl daemon-reload && systemctl enable --now "$2.service"
  else
    export XDG_RUNTIME_DIR="\${XDG_RUNTIME_DIR:-/run/user/$(id -u)}"
    mkdir -p "$HOME/.config/systemd/user" || return 1
    unit default.target > "$HOME/.config/systemd/user/$2.service"
    # Without it, the unit would end with the last session of the user.
    loginctl enable-linger && systemctl --user daemon-reload &&
      systemctl --user enable --now "$2.service"
  fi >/dev/null 2>&1
}
if alive keep.pid; then echo running
elif with_systemd "$@"; then echo systemd
else
  if command -v setsid >/dev/null; then start=setsid; else start=; fi
  nohup $start /bin/sh "$folder/keep" </dev/null >/dev/null 2>&1 &
  echo process
fi
`

/** Asks the running host to hand over to the current version. */
export const upgradeScript = `${functions}alive host/lock || exit 0
set -a
. ./settings
set +a
version=$(cd current && pwd -P)
exec "$(readlink -f "$version/node")" "$version/node_modules/fairlead/$(cat "$version/entry")" \\
  host --upgrade </dev/null 2>&1
`

/** Ends the host whose services were stopped, and deletes its folder and its unit `$2`. */
export const removeScript = `${functions}[ -f keep ] || exit 0
if [ -d /run/systemd/system ]; then
  if [ "$(id -u)" = 0 ]; then
    systemctl disable --now "$2.service"
    rm -f "/etc/systemd/system/$2.service"
  else
    export XDG_RUNTIME_DIR="\${XDG_RUNTIME_DIR:-/run/user/$(id -u)}"
    systemctl --user disable --now "$2.service"
    rm -f "$HOME/.config/systemd/user/$2.service"
  fi >/dev/null 2>&1
fi
alive keep.pid && kill "$pid"
alive host/lock && kill "$pid"
tries=0
while alive host/lock && [ $tries -lt 50 ]; do sleep 0.2; tries=$((tries + 1)); done
cd / && rm -rf "$folder"
`
