import { defineFileKind, refuseCharacters } from '../file-kind.ts'

export default defineFileKind({
  kind: 'haproxy',
  title: 'HAProxy, checked with `haproxy -c`',
  names: ['haproxy.cfg'],
  example: {
    good: [
      'defaults',
      '  mode http',
      '  timeout connect 1s',
      '  timeout client 1s',
      '  timeout server 1s',
      'listen web',
      '  bind 127.0.0.1:18080',
      '  server one 127.0.0.1:18081',
      '',
    ].join('\n'),
    bad: 'listen web\n  bnd 127.0.0.1:18080\n',
  },
  refuse: refuseCharacters(/["'\\#$\s]/, '" \' \\ # $ and spaces'),
  check: [
    'command -v haproxy >/dev/null || exit 0',
    'output=$(haproxy -c -f "$FILE" 2>&1) && exit 0',
    // After the notices that name its version and its path.
    'printf "%s\\n" "$output" | grep -v -F "[NOTICE]" >&2; exit 1',
  ].join('\n'),
})
