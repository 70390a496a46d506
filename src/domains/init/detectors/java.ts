import { defineDetector, type Proposal } from '../detector.ts'
import type { Folder } from '../folder.ts'
import { firstOf } from '../hints.ts'

export default defineDetector({
  name: 'Java',
  kind: 'language',
  order: 20,
  example: { 'pom.xml': '<project />' },
  detect: (folder) => {
    if (folder.has('pom.xml')) return maven(folder)
    const gradleFile = firstOf(folder, ['build.gradle', 'build.gradle.kts'])
    return gradleFile ? gradle(folder, gradleFile) : null
  },
})

function maven(folder: Folder): Proposal {
  // Run by `sh`, because the wrapper often loses its executable bit.
  const isWrapped = folder.has('mvnw')
  const program = isWrapped ? 'sh mvnw' : 'mvn'
  const tools = isWrapped ? ['java'] : ['java', 'mvn']
  return {
    steps: [
      { name: 'build', run: `${program} --batch-mode --quiet -DskipTests package`, tools },
      {
        name: 'test',
        run: `${program} --batch-mode --quiet verify`,
        tools,
        ...reportsIn(folder, 'target/surefire-reports'),
      },
    ],
    ...service(folder.read('pom.xml'), 'target', 'target/*.jar'),
    found: [
      `pom.xml: Maven${isWrapped ? ', with its wrapper' : ''}.`,
      ...notes(folder.read('pom.xml')),
    ],
  }
}

function gradle(folder: Folder, file: string): Proposal {
  const isWrapped = folder.has('gradlew')
  const program = isWrapped ? 'sh gradlew' : 'gradle'
  const tools = isWrapped ? ['java'] : ['java', 'gradle']
  return {
    steps: [
      { name: 'build', run: `${program} --no-daemon --console=plain assemble`, tools },
      {
        name: 'test',
        run: `${program} --no-daemon --console=plain check`,
        tools,
        ...reportsIn(folder, 'build/test-results/**'),
      },
    ],
    ...service(
      folder.read(file),
      'build',
      '$(ls build/libs/*.jar | grep -v -e -plain.jar -e -sources.jar)',
    ),
    exclude: ['.gradle'],
    found: [
      `${file}: Gradle${isWrapped ? ', with its wrapper' : ''}.`,
      ...notes(folder.read(file)),
    ],
  }
}

/** Maven and Gradle write test reports in each module that has tests. */
const reportsIn = (folder: Folder, output: string): { reports?: string[] } =>
  folder.folders.some((path) => /(^|\/)src\/test$/.test(path))
    ? { reports: [`**/${output}/TEST-*.xml`] }
    : {}

function service(text: string, output: string, jar: string): Pick<Proposal, 'services'> {
  const health = text.includes('actuator') ? { health: '/actuator/health' } : {}
  if (text.includes('quarkus'))
    return {
      services: [
        {
          name: 'web',
          run: `java -Dquarkus.http.port=$PORT -jar ${output}/quarkus-app/quarkus-run.jar`,
          ...(text.includes('smallrye-health') ? { health: '/q/health' } : {}),
        },
      ],
    }
  if (text.includes('micronaut'))
    return { services: [{ name: 'web', run: `MICRONAUT_SERVER_PORT=$PORT java -jar ${jar}` }] }
  if (text.includes('spring-boot'))
    return { services: [{ name: 'web', run: `java -jar ${jar} --server.port=$PORT`, ...health }] }
  return { services: [] }
}

function notes(text: string): string[] {
  if (/quarkus|micronaut|spring-boot/.test(text)) return []
  return [
    'The start command is unknown; add a service if the app has one, ' +
      'such as `java -jar target/app.jar`, that listens on $PORT.',
  ]
}
