import { defineDetector, type ProposedService, type ProposedStep } from '../detector.ts'
import type { Folder } from '../folder.ts'

export default defineDetector({
  name: 'Ruby',
  kind: 'language',
  order: 50,
  example: { Gemfile: 'gem "puma"' },
  detect: (folder) => {
    if (!folder.has('Gemfile') && !folder.has('config.ru')) return null
    const hasBundle = folder.has('Gemfile')
    const prefix = hasBundle ? 'bundle exec ' : ''
    const install: ProposedStep[] = hasBundle
      ? [
          {
            name: 'install',
            run: 'bundle config set --local path vendor/bundle\nbundle install --quiet\n',
            tools: ['bundle'],
          },
        ]
      : []
    const test = testOf(folder, prefix)
    const service = serviceOf(folder, prefix)
    return {
      steps: [...install, ...(test ? [{ name: 'test', run: test }] : [])],
      services: service ? [service] : [],
      found: [
        `${hasBundle ? 'Gemfile' : 'config.ru'}: Ruby${isRails(folder) ? ' on Rails' : ''}.`,
        ...(isRails(folder)
          ? [
              'Rails: set SECRET_KEY_BASE as a secret of each environment, ' +
                'and migrate the database in a step or by hand.',
            ]
          : []),
      ],
    }
  },
})

const isRails = (folder: Folder): boolean => folder.has('config/application.rb')

function testOf(folder: Folder, prefix: string): string | null {
  if (
    folder.has('.rspec') ||
    folder.files.some((path) => path.startsWith('spec/') && path.endsWith('_spec.rb'))
  )
    return `${prefix}rspec`
  if (isRails(folder)) return `${prefix}rails test`
  if (folder.has('Rakefile') && /test/i.test(folder.read('Rakefile'))) return `${prefix}rake test`
  const tests = folder.files.some((path) => /^test\/.*_test\.rb$|^test\/test_.*\.rb$/.test(path))
  return tests
    ? `${prefix}ruby -Ilib -Itest -e 'Dir["./test/**/*test*.rb"].each { |file| require file }'`
    : null
}

function serviceOf(folder: Folder, prefix: string): ProposedService | null {
  if (isRails(folder)) {
    const hasHealth = folder.read('config/routes.rb').includes('rails/health#show')
    return {
      name: 'web',
      run: `${prefix}rails server --binding 127.0.0.1 --port $PORT`,
      ...(hasHealth ? { health: '/up' } : {}),
    }
  }
  if (folder.read('Gemfile').includes('puma') && folder.has('config.ru'))
    return { name: 'web', run: `${prefix}puma --bind tcp://127.0.0.1:$PORT` }
  if (folder.has('config.ru'))
    return { name: 'web', run: `${prefix}rackup --host 127.0.0.1 --port $PORT` }
  return null
}
