import { defineDetector, type Proposal } from '../detector.ts'
import { type Folder, parentsOf } from '../folder.ts'
import { escapeRegExp, firstOf } from '../hints.ts'

const settings = ['settings.gradle', 'settings.gradle.kts']

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
  const parent = parentsOf(folder).find((one) =>
    new RegExp(`<module>\\s*${escapeRegExp(one.path)}/?\\s*</module>`).test(
      one.folder.read('pom.xml'),
    ),
  )
  const isWrapped = (parent?.folder ?? folder).has('mvnw')
  const up = parent ? `${parent.path.replace(/[^/]+/g, '..')}/` : ''
  // The modules that it needs are built with it.
  const project = parent ? ` --file ${up}pom.xml --projects ${parent.path} --also-make` : ''
  const program = `${isWrapped ? `sh ${up}mvnw` : 'mvn'}${project}`
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
  const parent = parentsOf(folder).find((one) => firstOf(one.folder, settings) !== undefined)
  const isWrapped = (parent?.folder ?? folder).has('gradlew')
  const up = parent ? parent.path.replace(/[^/]+/g, '..') : '.'
  const project = parent ? `:${parent.path.replaceAll('/', ':')}:` : ''
  const options = `--no-daemon --console=plain${parent ? ` --project-dir ${up}` : ''}`
  const wrapper = parent ? `${up}/gradlew` : 'gradlew'
  const program = `${isWrapped ? `sh ${wrapper}` : 'gradle'} ${options}`
  const tools = isWrapped ? ['java'] : ['java', 'gradle']
  return {
    steps: [
      { name: 'build', run: `${program} ${project}assemble`, tools },
      {
        name: 'test',
        run: `${program} ${project}check`,
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
