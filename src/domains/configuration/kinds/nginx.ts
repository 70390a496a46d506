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
  // The service may name its pid with -g, as the user of the services cannot write to /run.
  check: [
    'command -v nginx >/dev/null || exit 0',
    'output=$(nginx -t -q -c "$FILE" 2>&1) && exit 0',
    'case $output in *nginx.pid*) nginx -t -q -g "pid /dev/null;" -c "$FILE" && exit 0 ;; esac',
    'printf "%s\\n" "$output" >&2; exit 1',
  ].join('\n'),
})
