import { describe, expect, test } from 'vitest'
import { createAnalyser } from './analyser.ts'

const analyser = await createAnalyser()

/** `name cyclomatic/cognitive` of each function; the code must be understood. */
async function measured(file: string, text: string): Promise<string[]> {
  const found = await analyser.inspect(file, text)
  expect(found?.isBroken).toBe(false)
  return (
    found?.functions.map(
      ({ name, cyclomatic, cognitive }) => `${name} ${cyclomatic}/${cognitive}`,
    ) ?? []
  )
}

describe('examples of the paper', () => {
  const java = (body: string): Promise<string[]> => measured('A.java', `class A { ${body} }`)

  test('sumOfPrimes and getWords', async () => {
    expect(
      await java(`
  int sumOfPrimes(int max) {
    int total = 0;
    OUT: for (int i = 1; i <= max; ++i) {
      for (int j = 2; j < i; ++j) {
        if (i % j == 0) {
          continue OUT;
        }
      }
      total += i;
    }
    return total;
  }
  String getWords(int number) {
    switch (number) {
      case 1: return "one";
      case 2: return "a couple";
      case 3: return "a few";
      default: return "lots";
    }
  }`),
    ).toEqual(['A.sumOfPrimes 4/7', 'A.getWords 4/1'])
  })

  test('catch blocks and lambdas', async () => {
    expect(
      await java(`
  void myMethod() {
    try {
      if (condition1) {
        for (int i = 0; i < 10; i++) {
          while (condition2) { }
        }
      }
    } catch (ExcepType1 | ExcepType2 e) {
      if (condition2) { }
    }
  }
  void myMethod2() {
    Runnable r = () -> {
      if (condition1) { }
    };
  }`),
    ).toEqual(['A.myMethod 6/9', 'A.myMethod2 1/2', 'A.myMethod2.r 2/1'])
  })

  test('sequences of boolean operators', async () => {
    const of = async (condition: string): Promise<string | undefined> =>
      (await java(`void f() { if (${condition}) {} }`))[0]
    expect(await of('a && b && c || d || e && f')).toBe('A.f 7/4')
    expect(await of('a && !(b && c)')).toBe('A.f 4/3')
    expect(await of('a || (b || (c || d))')).toBe('A.f 5/2')
    expect(await of('a && (b || c) > d && e')).toBe('A.f 5/3')
  })

  test('overriddenSymbolFrom', async () => {
    expect(
      await java(`
  private MethodJavaSymbol overriddenSymbolFrom(ClassJavaType classType) {
    if (classType.isUnknown()) {
      return Symbols.unknownMethodSymbol;
    }
    boolean unknownFound = false;
    for (JavaSymbol overrideSymbol : symbols) {
      if (overrideSymbol.isKind(JavaSymbol.MTH) && !overrideSymbol.isStatic()) {
        if (canOverride(methodJavaSymbol)) {
          if (overriding == null) {
            if (!unknownFound) {
              unknownFound = true;
            }
          } else if (overriding) {
            return methodJavaSymbol;
          }
        }
      }
    }
    if (unknownFound) {
      return Symbols.unknownMethodSymbol;
    }
    return null;
  }`),
    ).toEqual(['A.overriddenSymbolFrom 10/19'])
  })

  test('toRegexp', async () => {
    expect(
      await java(`
  private static String toRegexp(String antPattern, String directorySeparator) {
    int i = antPattern.startsWith("/") || antPattern.startsWith("\\\\") ? 1 : 0;
    while (i < antPattern.length()) {
      final char ch = antPattern.charAt(i);
      if (SPECIAL_CHARS.indexOf(ch) != -1) {
        sb.append(ch);
      } else if (ch == '*') {
        if (i + 1 < antPattern.length() && antPattern.charAt(i + 1) == '*') {
          if (i + 2 < antPattern.length() && isSlash(antPattern.charAt(i + 2))) {
            i += 2;
          } else {
            i += 1;
          }
        } else {
          sb.append(1);
        }
      } else if (ch == '?') {
        sb.append(2);
      } else if (isSlash(ch)) {
        sb.append(3);
      } else {
        sb.append(ch);
      }
      i++;
    }
    return sb.toString();
  }`),
    ).toEqual(['A.toRegexp 12/20'])
  })

  test('functions of JavaScript that contain only declarations', async () => {
    const bar = (own: string): string =>
      `function bar() { var foo; ${own} bar.run = function () { if (a) {} } }`
    expect(await measured('a.js', bar(''))).toEqual(['bar 1/1', 'bar.bar.run 2/1'])
    expect(await measured('a.js', bar('if (b) {}'))).toEqual(['bar 2/3', 'bar.bar.run 2/1'])
  })

  test('decorators of Python', async () => {
    const decorator = (own: string): string =>
      `def outer(a):\n  "Explains."\n  ${own}\n  def inner(f):\n    if a:\n      f()\n  return inner\n`
    expect(await measured('a.py', decorator(''))).toEqual(['outer 1/1', 'outer.inner 2/1'])
    expect(await measured('a.py', decorator('b = a'))).toEqual(['outer 1/2', 'outer.inner 2/1'])
  })
})

test('recursion counts once, and only direct recursion counts', async () => {
  const of = async (file: string, text: string): Promise<string[]> => measured(file, text)
  expect(await of('a.js', 'function f() { f(); f(1); g(f) }')).toEqual(['f 1/1'])
  expect(await of('a.js', 'const f = (x) => x.map((y) => f(y))')).toEqual([
    'f 1/1',
    'f.<anonymous> 1/0',
  ])
  expect(
    await of('a.js', 'class A { close() { close(1); this.other.close() } open() { this.open() } }'),
  ).toEqual(['A.close 1/0', 'A.open 1/1'])
  expect(await of('a.js', 'class A { m() { function g() { g() } } }')).toEqual([
    'A.m 1/1',
    'A.m.g 1/1',
  ])
  expect(
    await of(
      'A.java',
      'class A { void f(int a) { f(a, 1); } void f(int a, int b) { this.f(a, b); } }',
    ),
  ).toEqual(['A.f 1/0', 'A.f 1/1'])
  expect(
    await of('A.java', 'class A { void f(int a) { f("" + a); } void f(String a) {} }'),
  ).toEqual(['A.f 1/0', 'A.f 1/0'])
  expect(
    await of(
      'a.go',
      'package a\nfunc (t *T) Walk() { t.Walk(); Walk() }\nfunc Walk() { t.Walk() }',
    ),
  ).toEqual(['T.Walk 1/1', 'Walk 1/0'])
})

test('conditions in the head of a structure are not nested in it', async () => {
  expect(await measured('a.js', 'function f() { if (a ? b : c) { d ? e : f } }')).toEqual(['f 4/4'])
  expect(
    await measured('a.js', 'function f() { if (a) {} else if (b ? c : d) { e ? g : h } }'),
  ).toEqual(['f 5/5'])
})

test('an `if` inside an `else` of Ruby or Bash is not an `else if`', async () => {
  expect(
    await measured(
      'a.rb',
      'def f\n if a then b else\n if c then d end\n if e then g end\n end\nend',
    ),
  ).toEqual(['f 4/6'])
  expect(await measured('a.sh', 'f() { if a; then b; else if c; then d; fi; fi; }')).toEqual([
    'f 3/4',
  ])
  expect(await measured('a.py', 'def f():\n  if a: b\n  else:\n    if c: d\n')).toEqual(['f 3/4'])
  expect(
    await measured('a.php', '<?php function f() { if (a): else: if (b): endif; endif; }'),
  ).toEqual(['f 3/4'])
  expect(await measured('a.go', 'package a\nfunc f() { if a { } else { if b { } } }')).toEqual([
    'f 3/4',
  ])
})

test('nested functions increase the cost of the functions around them', async () => {
  const text = 'class A { void f() { g(() -> { h(() -> { if (a) {} }); }); } }'
  expect(await measured('A.java', text)).toEqual([
    'A.f 1/3',
    'A.f.<anonymous> 1/2',
    'A.f.<anonymous>.<anonymous> 2/1',
  ])
})

test('`let … else` is a structure like `if`', async () => {
  const text = 'fn f() { for x in y { let Some(a) = x else { if b { } continue }; } }'
  expect(await measured('a.rs', text)).toEqual(['f 4/6'])
})

test('`??` adds a branch, but belongs to no sequence', async () => {
  expect(await measured('a.ts', 'function f() { return (a && b) ?? (c && d) ?? e }')).toEqual([
    'f 5/2',
  ])
})

test('both branches of a preprocessor condition are read', async () => {
  expect(await measured('a.c', 'int f() {\n#if defined(A) && B\n g();\n#endif\n}')).toEqual([
    'f 1/1',
  ])
})
