import { describe, expect, test } from 'vitest'
import { readTraces } from './read-traces.ts'

/** What runtimes wrote, shortened; each begins with what stood before it in the log. */
const shown = (text: string): string[] =>
  readTraces(text.split('\n'), { isOver: true }).found.map(({ language, exceptions }) =>
    [
      language,
      ...exceptions.map(({ type, message, frames }) => {
        const places = frames.filter(({ isOwn }) => isOwn).map((one) => `${one.file}:${one.line}`)
        return `${type}: ${message} [${places.join(' ')}]`
      }),
    ].join(' | '),
  )

describe('traces as runtimes write them', () => {
  test('Node 26: a call without a file, a list of errors, a message of two lines', () => {
    expect(
      shown(`SyntaxError: Unexpected end of JSON input
    at JSON.parse (<anonymous>)
    at file:///srv/shop/t.mjs:9:12
RangeError: too
many lines
    at file:///srv/shop/t.mjs:10:11 {
  items: [ { id: 1 }, { id: 2 } ],
  big: { a: { b: [Object] } }
}
[AggregateError: All promises were rejected] {
  [errors]: [
    Error: a
        at file:///srv/shop/t.mjs:8:41,
  ]
}
Error: unhandled one
    at Timeout._onTimeout (file:///srv/shop/t.mjs:11:33)
    at listOnTimeout (node:internal/timers:581:17)`),
    ).toEqual([
      'node | SyntaxError: Unexpected end of JSON input [/srv/shop/t.mjs:9]',
      'node | RangeError: too\nmany lines [/srv/shop/t.mjs:10]',
      'node | Error: a [/srv/shop/t.mjs:8]',
      'node | Error: unhandled one [/srv/shop/t.mjs:11]',
    ])
  })

  test('Java 17: a suppressed exception is not a part of the one that suppressed it', () => {
    expect(
      shown(`T$NoPrice: no price:
second line
\tat T.total(T.java:6)
\tat T.main(T.java:8)
\tSuppressed: java.lang.IllegalStateException: closing failed
\t\tat T.close(T.java:7)
\t\t... 9 more
\tCaused by: java.io.IOException: closed
\t\tat T.close(T.java:5)
Caused by: java.lang.NumberFormatException: For input string: "x1"
\tat java.base/java.lang.Integer.parseInt(Integer.java:668)
\tat T.price(T.java:5)
\t... 1 more`),
    ).toEqual([
      'java | T$NoPrice: no price:\nsecond line [T.java:6 T.java:8] | ' +
        'java.lang.NumberFormatException: For input string: "x1" [T.java:5]',
    ])
  })

  test('Go 1.26: a recovered panic, one in a handler, and one that ends the process', () => {
    expect(
      shown(`recovered: runtime error: index out of range [2] with length 0
goroutine 1 [running]:
runtime/debug.Stack()
\t/usr/local/go/src/runtime/debug/stack.go:26 +0x5e
main.main.func1.1()
\t/srv/shop/main.go:7 +0x2b
panic({0x7300a0?, 0x2a4547148108?})
\t/usr/local/go/src/runtime/panic.go:860 +0x13a
main.(*cart).total(...)
\t/srv/shop/main.go:4
2026/11/30 21:00:20 http: panic serving 127.0.0.1:57518: runtime error: nil pointer
goroutine 5 [running]:
net/http.(*conn).serve.func1()
\t/usr/local/go/src/net/http/server.go:1897 +0xbd
panic({0x6f3e80?, 0x9f46a0?})
\t/usr/local/go/src/runtime/panic.go:860 +0x13a
main.main.func2({0x62d9e5?, 0x2a4547060030?}, 0x4c0b73?)
\t/srv/shop/main.go:8 +0x6
created by net/http.(*Server).Serve in goroutine 20
\t/usr/local/go/src/net/http/server.go:3464 +0x485
panic: again [recovered, repanicked]

goroutine 1 [running]:
main.main()
\t/srv/shop/main.go:11 +0x20e
goroutine 7 [running]:
main.dump()
\t/srv/shop/main.go:20 +0x20e`),
    ).toEqual([
      'go | panic: recovered [/srv/shop/main.go:4]',
      'go | panic: runtime error: nil pointer [/srv/shop/main.go:8]',
      'go | panic: again [/srv/shop/main.go:11]',
    ])
  })

  test('Rust 1.95: a full backtrace has no hashes, and none of the C library', () => {
    const [found] = readTraces(
      `thread 'main' (4711) panicked at src/main.rs:8:4:
cannot start: "x"
stack backtrace:
  15:     0x5589d0b5e0d5 - main::main::h8da7fa642d137fc6
                               at /srv/shop/src/main.rs:8:4
  24:     0x7f8d2c83f24a - __libc_start_call_main
                               at ./csu/../sysdeps/nptl/libc_start_call_main.h:58:16`.split('\n'),
      { isOver: true },
    ).found
    expect(found?.exceptions[0]?.frames).toMatchObject([
      { function: 'main::main', isOwn: true },
      { function: '__libc_start_call_main', isOwn: false },
    ])
  })

  test('Ruby 3.1: a message of two lines, causes, the logger, and the same exception again', () => {
    const once = `cart.rb:10:in \`rescue in load_cart': no price (NoPrice)
for tea
\tfrom cart.rb:12:in \`<main>'
cart.rb:3:in \`fetch': key not found: :price (KeyError)
\tfrom cart.rb:3:in \`total'
`
    const expected =
      'ruby | NoPrice: no price\nfor tea [cart.rb:10 cart.rb:12] | ' +
      'KeyError: key not found: :price [cart.rb:3 cart.rb:3]'
    expect(
      shown(`${once}${once}NoPrice: no price
cart.rb:10:in \`rescue in load_cart'
cart.rb:14:in \`<main>'
E, [2026-11-30T21:02:45.233682 #4004] ERROR -- : index 3 outside of array bounds (IndexError)
cart.rb:17:in \`fetch'`),
    ).toEqual([
      ...[expected, expected, 'ruby | NoPrice: no price [cart.rb:10 cart.rb:14]'],
      'ruby | IndexError: index 3 outside of array bounds [cart.rb:17]',
    ])
  })

  test('PHP 8.2: a message of two lines, a previous exception, and a logged one', () => {
    expect(
      shown(`PHP Fatal error:  Uncaught Shop\\NoPrice: no price
for tea in /srv/shop/cart.php:5
Stack trace:
#0 /srv/shop/cart.php(4): Shop\\Cart::price(Array)
#1 {main}

Next LogicException: cannot load in /srv/shop/cart.php:6
Stack trace:
#0 /srv/shop/cart.php(13): Shop\\load()
#1 {main}
  thrown in /srv/shop/cart.php on line 6
Shop\\NoPrice: no price in /srv/shop/cart.php:5
Stack trace:
#0 {main}
Shop\\NoPrice: no stack in /srv/shop/cart.php:5`),
    ).toEqual([
      'php | LogicException: cannot load [/srv/shop/cart.php:6 /srv/shop/cart.php:13] | ' +
        'Shop\\NoPrice: no price\nfor tea [/srv/shop/cart.php:5 /srv/shop/cart.php:4]',
      'php | Shop\\NoPrice: no price [/srv/shop/cart.php:5]',
    ])
  })
})
