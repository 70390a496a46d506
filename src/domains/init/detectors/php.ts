import { defineDetector, type ProposedService, type ProposedStep } from '../detector.ts'
import type { Folder } from '../folder.ts'

export default defineDetector({
  name: 'PHP',
  kind: 'language',
  order: 40,
  example: { 'index.php': '<?php' },
  detect: (folder) => {
    const service = serviceOf(folder)
    const composer = folder.has('composer.json')
    if (!composer && !service) return null
    const text = folder.read('composer.json')
    const install: ProposedStep[] = composer
      ? [
          {
            name: 'install',
            run: 'composer install --no-interaction --no-progress',
            tools: ['composer'],
          },
        ]
      : []
    const test = /"test"\s*:/.test(text)
      ? 'composer test'
      : text.includes('pestphp/pest')
        ? 'vendor/bin/pest'
        : text.includes('phpunit/phpunit')
          ? 'vendor/bin/phpunit'
          : null
    return {
      steps: [...install, ...(test ? [{ name: 'test', run: test, tools: ['php'] }] : [])],
      services: service ? [service] : [],
      found: [
        `${composer ? 'composer.json' : 'index.php'}: PHP.`,
        ...(composer && !folder.has('composer.lock')
          ? ['composer.lock is not committed; two builds of a commit may differ.']
          : []),
        ...(service
          ? [
              'The development server of PHP runs the app; ' +
                'for production, run php-fpm behind a web server instead.',
            ]
          : []),
      ],
    }
  },
})

function serviceOf(folder: Folder): ProposedService | null {
  const run = (rest: string): ProposedService => ({
    name: 'web',
    run: `PHP_CLI_SERVER_WORKERS=4 php -S 127.0.0.1:$PORT ${rest}`,
  })
  if (folder.has('artisan'))
    return { name: 'web', run: 'php artisan serve --no-reload --host=127.0.0.1 --port=$PORT' }
  if (folder.has('public/index.php')) return run('-t public public/index.php')
  if (folder.has('web/index.php')) return run('-t web')
  return folder.has('index.php') ? run('-t .') : null
}
