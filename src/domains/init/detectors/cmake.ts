import { defineDetector } from '../detector.ts'

export default defineDetector({
  name: 'CMake',
  kind: 'language',
  order: 100,
  example: { 'CMakeLists.txt': 'project(shop C)' },
  detect: (folder) => {
    if (!folder.has('CMakeLists.txt')) return null
    const hasTests = /enable_testing|include\(CTest\)/i.test(folder.read('CMakeLists.txt'))
    const build =
      'cmake -S . -B build -DCMAKE_BUILD_TYPE=Release\ncmake --build build --parallel 2\n'
    const test = 'ctest --test-dir build --output-on-failure --output-junit junit.xml'
    return {
      steps: [
        { name: 'build', run: build, tools: ['cmake'] },
        ...(hasTests
          ? [{ name: 'test', run: test, tools: ['ctest'], reports: ['build/junit.xml'] }]
          : []),
      ],
      services: [],
      found: ['CMakeLists.txt: CMake. Add a service if a program that it builds listens.'],
    }
  },
})
