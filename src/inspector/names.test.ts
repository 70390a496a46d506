import { expect, test } from 'vitest'
import { createAnalyser } from './analyser.ts'

const analyser = await createAnalyser()

/** `name parameters` of each function. */
const named = async (file: string, text: string): Promise<string[]> =>
  ((await analyser.inspect(file, text))?.functions ?? []).map(
    ({ name, parameters }) => `${name} ${parameters}`,
  )

test('functions of JavaScript have the name of the variable they are assigned to', async () => {
  const text = `class A { static x = () => 1; get y() { return 1 } #p(a, ...b) {} }
const api = { 'get it': function (a) {}, c() {}, d: () => 1, e: { f() {} } } as const
foo.bar = async x => x
const useIt = useCallback(() => 1)
function f(this: A, a = 1, { b, c }: X, /* none */) { const g = (function h() {}); return () => () => 1 }
const B = class { m() {} }
namespace N { export function f() {} }
export default () => 1`
  expect(await named('a.ts', text)).toEqual([
    ...[
      'A.x 0',
      'A.y 0',
      'A.#p 2',
      'api.get it 1',
      'api.c 0',
      'api.d 0',
      'api.e.f 0',
      'foo.bar 1',
      '<anonymous> 0',
    ],
    ...[
      'f 2',
      'f.h 0',
      'f.<anonymous> 0',
      'f.<anonymous>.<anonymous> 0',
      'B.m 0',
      'N.f 0',
      '<anonymous> 0',
    ],
  ])
})

test.each([
  [
    'a.py',
    'class A:\n  def m(self, /, a, *b, **c): pass\n  @staticmethod\n  def s(): f(key=lambda x: x)\nd = {"k": lambda: 1}\n',
    ['A.m 3', 'A.s 0', 'A.s.key 1', 'k 0'],
  ],
  [
    'a.go',
    'package a\nvar y = func(int, string) {}\nvar t = T{K: func() {}}\nfunc (T) M() { x := func(a, b int) {}; _ = x; go func() {}() }',
    ['y 2', 'K 0', 'T.M 0', 'T.M.x 2', 'T.M.<anonymous> 0'],
  ],
  [
    'A.java',
    'enum E { X; E() {} int f() { return g(a -> a, (b, c) -> b); } }\nrecord R(int a) { R { } }\ninterface I { void f(); default void d() {} }',
    ['E.E 0', 'E.f 0', 'E.f.<anonymous> 1', 'E.f.<anonymous> 2', 'R.R 0', 'I.d 0'],
  ],
  [
    'a.cs',
    'namespace N; struct S { S(int a) {} ~S() {} void F(params int[] a) { int G(int x) => x; f = (x, y) => x; } public static explicit operator int(S a) { return 1; } int this[int i] { get { return i; } } }',
    ['S.S 1', 'S.S 0', 'S.F 1', 'S.F.G 1', 'S.F.f 2', 'S.operator int 1', 'S.get 0'],
  ],
  [
    'a.cpp',
    'namespace n { template <class T> T& ns::A<T>::get(int (*f)(int), ...) const { return x; } }\nclass B { ~B() { } operator bool() { return 1; } int operator()(int a) { return a; } };\nint (*g(int a))(double) { return 0; }\nB::B() try : a(1) {} catch (...) {}',
    ['ns.A<T>.get 1', 'B.~B 0', 'B.operator bool 0', 'B.operator() 1', 'g 1', 'B.B 0'],
  ],
  [
    'a.rb',
    'module M\n class A::B\n  def self.x(a, b: 1, &c) end\n  def y=(v) end\n end\nend\nz = ->(q) { q }',
    ['M.A.B.x 3', 'M.A.B.y= 1', 'z 1'],
  ],
  [
    'a.rs',
    "mod m { trait T { fn a(&self); fn b(self: Box<Self>, c: i32) {} } }\nfn f<'a>(x: &'a str) { let s = S { k: || 1 }; }",
    ['m.T.b 1', 'f 1', 'f.k 0'],
  ],
  [
    'a.php',
    "<?php trait T { abstract function a(); function b(public int $x = 1) { return ['k' => fn($y) => 1, function() {}]; } }",
    ['T.b 1', 'T.b.k 1', 'T.b.<anonymous> 0'],
  ],
  ['a.bash', 'function deploy-all { :; }\ng() ( : )', ['deploy-all 0', 'g 0']],
])('names and parameters: %s', async (file, text, expected) => {
  expect(await named(file, text)).toEqual(expected)
})
