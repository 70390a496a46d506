import { expect, test } from 'vitest'
import { createAnalyser } from './analyser.ts'

const analyser = await createAnalyser()

// Behind each line: what it adds to the cyclomatic; to the cognitive complexity.
const programs: [file: string, text: string, functions: string[]][] = [
  [
    'a.js',
    `function f(a) {
  if (a && b || c) {        // 3; 1 + 2
    for (const x of a) {    // 1; 2
      while (x) x--         // 1; 3
    }
  } else if (b) {           // 1; 1
    do { y() } while (y)    // 1; 2
  } else {                  // 0; 1
    switch (c) {            // 0; 2
      case 1: case 2: break // 2; 0
      default:
    }
  }
  try { z() } catch {         // 1; 1
    return a ? b ?? 1 : f(1)  // 2; 2 + 1
  }
}`,
    ['f 13/18 1'],
  ],
  [
    'a.ts',
    `class Cart<T> {
  constructor(private readonly items: T[]) {}
  add(item: T): void
  add(this: Cart<T>, item?: T): void {
    if (!(item && this.items)) return       // 2; 2
    outer: for (const one of this.items) {  // 1; 1
      for (const key in one)                // 1; 2
        if (key) continue outer             // 1; 3 + 1
    }
  }
}`,
    ['Cart.constructor 1/0 1', 'Cart.add 6/9 1'],
  ],
  [
    'a.tsx',
    'export const List = ({ xs }: Props) => <ul>{xs && xs.map((x) => (x.ok ? <li key={x.id} /> : null))}</ul>',
    ['List 2/2 1', 'List.<anonymous> 2/1 1'],
  ],
  [
    'a.py',
    `def f(a, *, b=1):
    """What it does."""
    if a and b or c:                  # 3; 1 + 2
        pass
    elif b:                           # 1; 1
        while a: pass                 # 1; 2
    else:                             # 0; 1
        for x in a: pass              # 1; 2
        else: pass                    # 0; 1
    try: g()
    except E:                         # 1; 1
        return [x for x in y if x]    # 2; 0
    match a:                          # 0; 1
        case 1 | 2: pass              # 1; 0
        case _ if b: pass             # 1; 0
        case _: pass
    return 1 if a else f(2)           # 1; 1 + 1
`,
    ['f 13/14 2'],
  ],
  [
    'a.go',
    `package a
func (c *Cart[T]) Add(a, b int, rest ...string) int {
	if x := a; x > 0 && b > 0 {    // 2; 1 + 1
	} else if a < 0 {              // 1; 1
	} else {                       // 0; 1
		goto out                     // 0; 1
	}
outer:
	for i := range rest {          // 1; 1
		switch i {                   // 0; 2
		case 1, 2:                   // 1; 0
			break outer                // 0; 1
		default:
		}
		select {                     // 0; 2
		case <-done:                 // 1; 0
		default:
		}
	}
	each := func() { if a { } }    // 0; 2
out:
	return c.Add(1, 2)             // 0; 1
}`,
    ['Cart.Add 7/14 3', 'Cart.Add.each 2/1 0'],
  ],
  [
    'A.java',
    `class A {
  A(int... a) { super(a); }
  int f(A this, int a, Object o) {
    int s = switch (o) {                       // 0; 1
      case Integer i when i > 0 || b -> 1;     // 1 + 1 + 1; 1
      case String t -> 2;                      // 1; 0
      default -> 3;
    };
    do { if (a > 0) continue; } while (b);     // 2; 1 + 2
    F g = x -> x ? 1 : 2;                      // 0; 2
    for (int i : is) synchronized (this) { }   // 1; 1
    return this.f(a, o);                       // 0; 1
  }
  abstract void h();
}`,
    ['A.A 1/0 1', 'A.f 8/9 2', 'A.f.g 2/1 1'],
  ],
  [
    'a.cs',
    `class A {
  int F(int a) {
    if (a > 0) {} else if (b) {} else {}        // 2; 1 + 1 + 1
    foreach (var x in y) {}                     // 1; 1
    try {} catch (E e) when (e.X) {}            // 2; 1
    var z = a switch { 1 => 2, _ => 3 };        // 1; 1
    switch (a) {                                // 0; 1
      case 1: case 2: break;                    // 2; 0
      default: goto end;                        // 0; 1
    }
    if (a is > 1 and < 5)                       // 2; 1 + 1
      return a > 0 ? 1 : F(2);                  // 1; 2 + 1
    end: return x ?? F(1, 2);                   // 1; 0
  }
  bool P => a && b;
  int Q { get; set { if (value > 0) x = value; } }
  public static A operator +(A a, A b) => a;
}`,
    ['A.F 13/13 1', 'A.P 2/1 0', 'A.Q.set 2/1 0', 'A.operator + 1/0 2'],
  ],
  [
    'a.cpp',
    `int A::f(int a, T&& b) {
  if (a && b) {} else if (c) {}                 // 3; 1 + 1 + 1
  for (auto x : y) { while (x) {} }             // 2; 1 + 2
  switch (a) { case 1: break; default: break; } // 1; 1
#ifdef DEBUG                                    // 0; 1
  if (d) {}                                     // 1; 2
#else                                           // 0; 1
  goto out;                                     // 0; 1
#endif
  auto g = [&](int x) { return x ? 1 : 2; };    // 0; 2
  try {} catch (...) {}                         // 1; 1
out:
  return a ? 1 : f(1, 2);                       // 1; 1 + 1
}
struct B { B() = default; B& operator=(const B& b) { return *this; } };`,
    ['A.f 10/17 2', 'A.f.g 2/1 1', 'B.operator= 1/0 1'],
  ],
  ['a.h', 'static int *f(void) { do { if (a) break; } while (b); for (;;) ; }', ['f 4/4 0']],
  [
    'a.rb',
    `class A
  def f(a)
    if a && b then 1                 # 2; 1 + 1
    elsif c then 2                   # 1; 1
    else 3                           # 0; 1
    end
    x = 1 if y                       # 1; 1
    case a                           # 0; 1
    when 1, 2 then 3                 # 1; 0
    else 4
    end
    a.each { |i| puts i unless i }   # 0; 2
    begin; g; rescue E; h; end       # 1; 1
    while a do until b do c end end  # 2; 1 + 2
    a ? b : f(1)                     # 1; 1 + 1
  end
end`,
    ['A.f 10/14 1', 'A.f.<anonymous> 2/1 1'],
  ],
  [
    'a.rs',
    `impl<T> Foo for Bar<T> {
    fn f(&self, a: i32) -> i32 {
        if let Some(x) = a && b { }             // 2; 1 + 1
        else if c { } else { }                  // 1; 1 + 1
        match a {                               // 0; 1
            1 | 2 if b => 3,                    // 2; 0
            4 => 5,                             // 1; 0
            _ => 6,
        };
        'o: for x in y {                        // 1; 1
            loop {                              // 0; 2
                while z { break 'o; }           // 1; 3 + 1
            }
        }
        let Some(q) = w else { return 1 };      // 1; 1
        let g = |x| if x || y { 1 } else { 2 }; // 0; 4
        self.f(1)                               // 0; 1
    }
}`,
    ['Bar.f 10/18 1', 'Bar.f.g 3/3 1'],
  ],
  [
    'a.php',
    `<?php
class A {
  function f($a, ...$rest) {
    if ($a and $b || $c) {}                                // 3; 1 + 2
    elseif ($d) {}                                         // 1; 1
    else if ($e) {}                                        // 1; 1
    else {}                                                // 0; 1
    foreach ($a as $b) { for (;;) { break 2; } }           // 2; 1 + 2 + 1
    $g = fn($x) => match($x) { 1, 2 => 3, default => 4 };  // 0; 2
    switch ($a) { case 1: case 2: default: }               // 2; 1
    try {} catch (E | F $e) { goto end; }                  // 1; 1 + 1
    end: return $a ?? $b ?: $this->f(1);                   // 2; 1 + 1
  }
}`,
    ['A.f 13/17 2', 'A.f.$g 2/1 1'],
  ],
  [
    'a.sh',
    `f() {
  if [ a ] && b; then c                     # 2; 1 + 1
  elif [[ d || e ]]; then g                 # 2; 1 + 1
  else h                                    # 0; 1
  fi
  for x in y; do while z; do w; done; done  # 2; 1 + 2
  case $a in                                # 0; 1
    1) b ;;                                 # 1; 0
    *) c ;;
  esac
  until a; do b; done                       # 1; 1
  f 1                                       # 0; 1
}`,
    ['f 9/11 0'],
  ],
]

/** The numbers of the comments, as `cyclomatic/cognitive` of a program. */
function sumOf(text: string): string {
  const sums = [1, 0]
  for (const [, ...numbers] of text.matchAll(/(?:\/\/|#) ([\d +]+); ([\d +]+)$/gm))
    for (const [index, added] of numbers.entries())
      sums[index] = added.split('+').reduce((sum, one) => sum + Number(one), sums[index] ?? 0)
  return sums.join('/')
}

test.each(programs)('%s', async (file, text, functions) => {
  const found = await analyser.inspect(file, text)
  expect(
    found?.functions.map(
      (one) => `${one.name} ${one.cyclomatic}/${one.cognitive} ${one.parameters}`,
    ),
  ).toEqual(functions)
  expect(found?.isBroken).toBe(false)
  if (sumOf(text) !== '1/0') expect(functions.join()).toContain(` ${sumOf(text)} `)
})
