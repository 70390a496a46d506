import { defineDetector } from '../detector.ts'

export default defineDetector({
  name: 'sbt',
  kind: 'language',
  order: 21,
  example: { 'build.sbt': 'name := "shop"' },
  detect: (folder) => {
    if (!folder.has('build.sbt')) return null
    const build = folder.read('build.sbt') + folder.read('project/plugins.sbt')
    const name = /\bname\s*:=\s*"([\w-]+)"/.exec(build)?.[1] ?? 'app'
    const isPlay = /PlayScala|PlayJava|sbt-plugin/.test(build)
    return {
      steps: [
        {
          name: 'build',
          run: isPlay ? 'sbt --batch stage' : 'sbt --batch compile',
          tools: ['sbt'],
        },
        { name: 'test', run: 'sbt --batch test', tools: ['sbt'] },
      ],
      services: isPlay
        ? [{ name: 'web', run: `target/universal/stage/bin/${name} -Dhttp.port=$PORT` }]
        : [],
      found: [`build.sbt: Scala${isPlay ? ' with Play' : ''}, built with sbt.`],
    }
  },
})
