import { expect, test } from 'vitest'
import { firstError, firstErrors } from './output-error.ts'
import { processorMs } from '../../../test/support/processor-time.ts'

/** Outputs of real programs, shortened. */
const outputs: [runtime: string, error: string | null, output: string][] = [
  [
    'Node, a missing module',
    "Error: Cannot find module 'left-pad-not-there'",
    `node:internal/modules/cjs/loader:1210
  throw err;
  ^

Error: Cannot find module 'left-pad-not-there'
Require stack:
- /app/server.js
    at Module._resolveFilename (node:internal/modules/cjs/loader:1207:15)
    at Function.executeUserEntryPoint [as runMain] (node:internal/modules/run_main:164:12) {
  code: 'MODULE_NOT_FOUND',
  requireStack: [ '/app/server.js' ]
}

Node.js v20.20.2`,
  ],
  [
    'Node, an error event',
    'Error: connect ECONNREFUSED 127.0.0.1:5432',
    `starting, 0 errors
node:events:502
      throw er; // Unhandled 'error' event
      ^

Error: connect ECONNREFUSED 127.0.0.1:5432
    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1611:16)
Emitted 'error' event on Socket instance at:
    at emitErrorNT (node:internal/streams/destroy:169:8)`,
  ],
  [
    'Node, in colour',
    'TypeError: x is not a function',
    `/app/server.js:1
\u001b[31mTypeError: x is not a function\u001b[39m
    at Object.<anonymous> (/app/server.js:1:40)`,
  ],
  [
    'Python, chained exceptions',
    "KeyError: 'DATABASE_URL'",
    `starting
Traceback (most recent call last):
  File "/app/srv.py", line 4, in <module>
    try: connect()
         ^^^^^^^^^
  File "<frozen os>", line 679, in __getitem__
KeyError: 'DATABASE_URL'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/app/srv.py", line 5, in <module>
    raise RuntimeError("no configuration") from e
RuntimeError: no configuration`,
  ],
  [
    'Python, under gunicorn',
    "ModuleNotFoundError: No module named 'shop'",
    `[2024-05-02 10:00:00 +0000] [7] [INFO] Starting gunicorn 22.0.0
[2024-05-02 10:00:00 +0000] [8] [ERROR] Exception in worker process
Traceback (most recent call last):
  File "/app/.venv/lib/python3.12/site-packages/gunicorn/arbiter.py", line 609, in spawn_worker
    worker.init_process()
ModuleNotFoundError: No module named 'shop'
[2024-05-02 10:00:00 +0000] [7] [ERROR] Worker (pid:8) exited with code 3`,
  ],
  [
    'Python, a syntax error',
    'SyntaxError: invalid syntax',
    `  File "/app/srv.py", line 1
    def f(:
          ^
SyntaxError: invalid syntax`,
  ],
  [
    'Ruby 3.1',
    "<internal:/usr/lib/ruby/require.rb>:85:in `require': " +
      'cannot load such file -- rack (LoadError)',
    `<internal:/usr/lib/ruby/require.rb>:85:in \`require': cannot load such file -- rack (LoadError)
\tfrom <internal:/usr/lib/ruby/require.rb>:85:in \`require'
\tfrom app.rb:1:in \`<main>'`,
  ],
  [
    'Ruby 3.4',
    'config.rb:3:in \'Hash#fetch\': key not found: "DATABASE_URL" (KeyError)',
    `config.rb:3:in 'Hash#fetch': key not found: "DATABASE_URL" (KeyError)
\tfrom config.rb:3:in '<main>'`,
  ],
  [
    'PHP',
    'PHP Fatal error:  Uncaught Error: Call to undefined function mysqli_connect() in /a.php:3',
    `PHP Fatal error:  Uncaught Error: Call to undefined function mysqli_connect() in /a.php:3
Stack trace:
#0 {main}
  thrown in /app/index.php on line 3`,
  ],
  [
    'Java',
    'Caused by: java.net.ConnectException: Connection refused',
    `starting
Exception in thread "main" java.lang.IllegalStateException: cannot start the pool
\tat J.main(J.java:1)
Caused by: java.lang.RuntimeException: no connection
\tat J.connect(J.java:2)
\t... 9 more
Caused by: java.net.ConnectException: Connection refused
\tat java.base/sun.nio.ch.Net.connect0(Native Method)
\t... 12 more
Goodbye`,
  ],
  [
    'Spring Boot',
    'Web server failed to start. Port 8080 was already in use.',
    `2024-05-02T10:00:00.000Z ERROR 7 --- [main] o.s.b.d.LoggingFailureAnalysisReporter :

***************************
APPLICATION FAILED TO START
***************************

Description:

Web server failed to start. Port 8080 was already in use.

Action:
`,
  ],
  [
    'Go, a panic',
    'panic: runtime error: index out of range [5] with length 0',
    `starting
panic: runtime error: index out of range [5] with length 0

goroutine 1 [running]:
main.main()
\t/app/main.go:3 +0x4b
exit status 2`,
  ],
  [
    'Go, log.Fatal',
    '2024/05/02 10:00:00 dial tcp 127.0.0.1:5432: connect: connection refused',
    `2024/05/02 09:59:59 starting
2024/05/02 10:00:00 dial tcp 127.0.0.1:5432: connect: connection refused
exit status 1`,
  ],
  [
    'Rust',
    "thread 'main' (18) panicked at main.rs:1:91: called `Result::unwrap()` on an `Err` value",
    `starting

thread 'main' (18) panicked at main.rs:1:91:
called \`Result::unwrap()\` on an \`Err\` value
note: run with \`RUST_BACKTRACE=1\` environment variable to display a backtrace`,
  ],
  [
    '.NET',
    '---> System.Net.Sockets.SocketException (111): Connection refused',
    `Unhandled exception. System.InvalidOperationException: cannot start
 ---> System.Net.Sockets.SocketException (111): Connection refused
   at System.Net.Sockets.Socket.DoConnect(EndPoint endPointSnapshot)
   --- End of inner exception stack trace ---
   at Program.<Main>$(String[] args) in /app/Program.cs:line 3`,
  ],
  [
    'Perl',
    "Can't locate Not/There.pm in @INC (you may need to install it) at app.pl line 1.",
    `Can't locate Not/There.pm in @INC (you may need to install it) at app.pl line 1.
BEGIN failed--compilation aborted at app.pl line 1.`,
  ],
  ['a shell', 'sh: 1: gunicorn: not found', 'starting\nsh: 1: gunicorn: not found'],
  [
    'a message before frames of no known kind',
    'FATAL: cannot connect to database db.internal:5432',
    `FATAL: cannot connect to database db.internal:5432
  at frame 0 in some/very/long/path
  at frame 1 in some/very/long/path
goodbye`,
  ],
  [
    'JSON',
    '{"level":"error","msg":"no queue"}',
    '{"level":"info"}\n{"level":"error","msg":"no queue"}',
  ],
  ['no error', null, 'listening on 8080\nGET /errors 200\nfinished with 0 errors\n'],
  ['nothing', null, ''],
]

test.each(outputs)('finds the first error of %s', (_runtime, error, output) => {
  expect(firstError(output.split('\n'))).toBe(error)
})

test('finds the first error of each instance', () => {
  const web = { service: 'web', index: 0 }
  const worker = { service: 'worker', index: 1 }
  expect(
    firstErrors([
      { ...web, text: 'ready' },
      { ...worker, text: 'Traceback (most recent call last):' },
      { ...web, text: 'TypeError: no' },
      { ...worker, text: 'KeyError: 1' },
    ]),
  ).toEqual([
    { ...web, text: 'TypeError: no' },
    { ...worker, text: 'KeyError: 1' },
  ])
})

test('takes linear time for long lines', () => {
  const line = 'a.'.repeat(500_000)
  const began = processorMs()
  expect(firstError([line, 'A'.repeat(1_000_000), ' '.repeat(1_000_000)])).toBeNull()
  expect(processorMs() - began).toBeLessThan(1000)
})
