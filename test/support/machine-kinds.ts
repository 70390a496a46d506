/** A task of a playbook, and a command that makes a machine differ from it. */
export interface MachineKind {
  task: Record<string, unknown>
  change: string
}

const root = '/opt/declared'
const file = (name: string, content: string, more: object = {}): Record<string, unknown> => ({
  copy: { content, dest: `${root}/${name}`, ...more },
})
const state = (name: string, value: string, more: object = {}): Record<string, unknown> => ({
  file: { path: `${root}/${name}`, state: value, ...more },
})
const offline = { environment: { SYSTEMD_OFFLINE: '1' } }

/** What is there before the playbook runs: a repository of git, packages and a service. */
export const machineSetup = `set -e
mkdir -p ${root} /opt/source/work /opt/packages
printf 'fetched\\n' >/opt/source/fetched
cd /opt/source/work
git init -q .
git config user.email a@x && git config user.name a
printf 'code\\n' >code && git add code && git commit -qm one
package() { # name version
  mkdir -p "/tmp/p/$1/DEBIAN" "/tmp/p/$1/usr/share/$1"
  printf '%s\\n' "Package: $1" "Version: $2" 'Architecture: all' 'Maintainer: a <a@x>' \\
    'Description: x' >"/tmp/p/$1/DEBIAN/control"
  dpkg-deb -b "/tmp/p/$1" "/opt/packages/$1_$2.deb" >/dev/null
  (cat "/tmp/p/$1/DEBIAN/control"; printf '%s\\n' "Filename: ./$1_$2.deb" \\
    "Size: $(stat -c %s "/opt/packages/$1_$2.deb")" \\
    "SHA256: $(sha256sum "/opt/packages/$1_$2.deb" | cut -d' ' -f1)" '') >>/opt/packages/Packages
  rm -rf /tmp/p
}
package fl-wanted 1
package fl-old 1
package fl-old 2
package fl-unwanted 1
package fl-held 1
rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:/opt/packages ./' >/etc/apt/sources.list
apt-get -qq update
test -x /usr/bin/crontab || ln -s /bin/true /usr/bin/crontab
dpkg -i /opt/packages/fl-held_1.deb >/dev/null
useradd -m fl-gone 2>/dev/null
printf '%s\\n' '[Unit]' 'Description=x' '[Service]' 'ExecStart=/bin/true' '[Install]' \\
  'WantedBy=multi-user.target' >/etc/systemd/system/fl-unit.service
printf '#!/bin/sh\\ncase "$1" in start) touch /opt/running;; stop) rm -f /opt/running;;\\n' \\
  >/etc/init.d/fl-service
printf 'status)\\n' >>/etc/init.d/fl-service
printf 'test -e /opt/running && echo running || { echo stopped; exit 3; };; esac\\n' \\
  >>/etc/init.d/fl-service
chmod 755 /etc/init.d/fl-service
`

/**
 * Kinds of things that a playbook declares for a machine, by their names: files, users, packages,
 * units and others that modules of ansible-core know.
 */
export const machineKinds: Record<string, MachineKind> = {
  'content of a file': {
    task: file('content', 'declared\n'),
    change: `echo edited >${root}/content`,
  },
  'mode of a file': {
    task: file('mode', 'x\n', { mode: '0640' }),
    change: `chmod 666 ${root}/mode`,
  },
  'owner of a file': {
    task: file('owner', 'x\n', { owner: 'root' }),
    change: `chown nobody ${root}/owner`,
  },
  'group of a file': {
    task: file('group', 'x\n', { group: 'root' }),
    change: `chgrp nogroup ${root}/group`,
  },
  'removed file': { task: file('removed', 'x\n'), change: `rm ${root}/removed` },
  'file that must not exist': { task: state('extra', 'absent'), change: `touch ${root}/extra` },
  'removed folder': { task: state('folder', 'directory'), change: `rmdir ${root}/folder` },
  'mode of a folder': {
    task: state('closed', 'directory', { mode: '0700' }),
    change: `chmod 755 ${root}/closed`,
  },
  'target of a link': {
    task: state('link', 'link', { src: '/usr/bin/true' }),
    change: `ln -sfn /usr/bin/false ${root}/link`,
  },
  'removed link': {
    task: state('lost', 'link', { src: '/usr/bin/true' }),
    change: `rm ${root}/lost`,
  },
  'rendered template': {
    task: { template: { src: 'app.conf.j2', dest: `${root}/app.conf` } },
    change: `sed -i s/5/9/ ${root}/app.conf`,
  },
  'removed line': {
    task: { lineinfile: { path: '/etc/hosts', line: '10.0.0.9 fl-database' } },
    change: `grep -v fl-database /etc/hosts >/tmp/h; cat /tmp/h >/etc/hosts; rm /tmp/h`,
  },
  'changed line': {
    task: {
      lineinfile: { path: `${root}/line`, create: true, regexp: '^port', line: 'port=1' },
    },
    change: `sed -i s/port=1/port=2/ ${root}/line`,
  },
  'changed block': {
    task: { blockinfile: { path: `${root}/block`, create: true, block: 'one\ntwo' } },
    change: `sed -i s/two/three/ ${root}/block`,
  },
  'replaced text': {
    task: { replace: { path: '/etc/login.defs', regexp: '^UMASK.*', replace: 'UMASK 027' } },
    change: `sed -i 's/^UMASK.*/UMASK 000/' /etc/login.defs`,
  },
  'downloaded file': {
    task: { get_url: { url: 'file:///opt/source/fetched', dest: `${root}/fetched`, force: true } },
    change: `echo edited >>${root}/fetched`,
  },
  'commit of a repository': {
    task: { git: { repo: '/opt/source/work', dest: `${root}/checkout` } },
    change:
      `cd ${root}/checkout && git config user.email a@x && git config user.name a && ` +
      'git commit -q --allow-empty -m x',
  },
  'known host': {
    task: {
      known_hosts: {
        ...{ name: 'fl-host', path: `${root}/known_hosts` },
        key:
          'fl-host ssh-ed25519 ' +
          'AAAAC3NzaC1lZDI1NTE5AAAAILmWkzFbQ0TqTZkZkT2vN1u8p6h1yq1Cq5mXoY0m5Y3K',
      },
    },
    change: `sed -i s/fl-host/other/ ${root}/known_hosts`,
  },
  'command that was not run': {
    task: { command: { cmd: `touch ${root}/made`, creates: `${root}/made` } },
    change: `rm ${root}/made`,
  },
  'schedule of cron': {
    task: {
      cron: { name: 'clean', user: 'root', cron_file: 'fl-clean', minute: '5', job: '/bin/true' },
    },
    change: `sed -i 's/^5/7/' /etc/cron.d/fl-clean`,
  },
  'source of packages': {
    task: {
      apt_repository: {
        ...{ repo: 'deb http://127.0.0.1/fl ./', filename: 'fl-extra', update_cache: false },
      },
    },
    change: 'rm /etc/apt/sources.list.d/fl-extra.list',
  },
  'removed package': {
    task: { apt: { name: 'fl-wanted', state: 'present' } },
    change: 'dpkg -P fl-wanted',
  },
  'version of a package': {
    task: { apt: { name: 'fl-old=2', state: 'present' } },
    change: 'dpkg -i --force-downgrade /opt/packages/fl-old_1.deb',
  },
  'package that must not be installed': {
    task: { apt: { name: 'fl-unwanted', state: 'absent' } },
    change: 'dpkg -i /opt/packages/fl-unwanted_1.deb',
  },
  'hold of a package': {
    task: { dpkg_selections: { name: 'fl-held', selection: 'hold' } },
    change: 'echo fl-held install | dpkg --set-selections',
  },
  'user that must not exist': {
    task: { user: { name: 'fl-gone', state: 'absent' } },
    change: 'useradd -m fl-gone',
  },
  'removed user': { task: { user: { name: 'fl-user' } }, change: 'userdel fl-user' },
  'shell of a user': {
    task: { user: { name: 'fl-shell', shell: '/bin/sh' } },
    change: 'usermod -s /bin/bash fl-shell',
  },
  'groups of a user': {
    task: { user: { name: 'fl-member', groups: 'games', append: true } },
    change: 'gpasswd -d fl-member games',
  },
  'removed group': { task: { group: { name: 'fl-group' } }, change: 'groupdel fl-group' },
  'unit that is not enabled': {
    task: { systemd: { name: 'fl-unit', enabled: true }, ...offline },
    change: 'SYSTEMD_OFFLINE=1 systemctl disable -q fl-unit',
  },
  'service that does not run': {
    task: { sysvinit: { name: 'fl-service', state: 'started' } },
    change: '/etc/init.d/fl-service stop',
  },
}
