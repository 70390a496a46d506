import { defineFileKind, refuseCharacters } from '../file-kind.ts'

export default defineFileKind({
  kind: 'nginx',
  title: 'nginx, checked with `nginx -t`',
  names: ['nginx.conf'],
  example: {
    good: 'pid /tmp/nginx.pid; error_log stderr; events {} http { server { listen 8080; } }\n',
    bad: 'events {} http { server { lisen 8080; } }\n',
  },
  refuse: refuseCharacters(/["'\\;{}#$]/, '" \' \\ ; { } # $'),
  check: 'command -v nginx >/dev/null || exit 0; exec nginx -t -q -c "$FILE"',
})
