import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createClient } from '#contract/client.ts'
import { targets } from '#domains/deployment/targets.generated.ts'
import { readPipelineFile } from '#domains/pipeline/file.ts'
import { packageRoot } from '#platform/self.ts'
import { freePorts } from './support/ports.ts'
import { makeRepository, tinyApp } from './support/repository.ts'
import { waitFor } from './support/wait.ts'
import { longTest } from './support/scale.ts'

const readme = readFileSync(join(packageRoot, 'README.md'), 'utf8')
const blocks = (language: string): string[] =>
  [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    ([, text]) => text ?? '',
  )
const home = await mkdtemp(join(tmpdir(), 'fairlead-readme-'))
afterAll(() => rm(home, { recursive: true, force: true }))

describe('the README', () => {
  test('its fairlead.yaml is one', () => {
    expect(blocks('yaml')).toHaveLength(1)
    expect(
      readPipelineFile(blocks('yaml')[0] ?? '', {
        file: 'README.md',
        defaultApp: 'readme',
        targets,
      }),
    ).toMatchObject({
      ok: true,
    })
  })

  test('every file that it points to is there', () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path]) => path ?? '')
    expect(links.length).toBeGreaterThan(5)
    expect(links.filter((path) => !existsSync(join(packageRoot, path)))).toEqual([])
  })

  test('every command in its table exists', () => {
    const named = [...readme.matchAll(/^\| `fairlead ([^|]*)` \|/gm)]
      .flatMap(([, cell]) => (cell ?? '').split(/`, `/))
      .map((text) => text.replace('fairlead ', '').split(' ')[0] ?? '')
    expect(named.length).toBeGreaterThan(15)
    const help = execFileSync(join(packageRoot, 'bin/fairlead'), ['--help'], { encoding: 'utf8' })
    const known = [...help.matchAll(/^ {2}([a-z-]+)/gm)].map(([, name]) => name)
    expect(named.filter((name) => !known.includes(name))).toEqual([])
  })

  longTest(
    'its first command brings up a living line with the sample, and its second delivers a repository',
    async () => {
      expect(blocks('sh').map((text) => text.trim())).toEqual([
        'npm ci && npm start',
        'bin/fairlead up path/to/repository',
        'npm ci && npm test',
      ])
      const port = await freePorts()
      const env = { ...process.env, FAIRLEAD_HOME: join(home, 'home'), FAIRLEAD_PORT: String(port) }
      const start = spawn('npm', ['start', '--silent'], {
        cwd: packageRoot,
        env,
        stdio: ['ignore', 'pipe', 'inherit'],
        detached: true,
      })
      let output = ''
      start.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
      const repository = await makeRepository(tinyApp('second'))
      try {
        await waitFor('the sign-in link is printed', async () => output.includes('/sign-in?code='))
        const token = readFileSync(join(home, 'home/token'), 'utf8').trim()
        const client = createClient({ base: `http://127.0.0.1:${port}`, token })
        await waitFor('the sample is live in production', async () => {
          const { runs } = await client.listRuns({ query: { app: 'prepaid' } })
          if (runs[0]?.state === 'failed') throw new Error(`the sample failed: ${runs[0].reason}`)
          return (await client.listLines()).lines.some(
            (line) => line.environments.at(-1)?.health === 'healthy',
          )
        })
        const up = execFileSync(
          join(packageRoot, 'bin/fairlead'),
          ['up', repository.folder, '--app', 'second'],
          {
            env,
            encoding: 'utf8',
          },
        )
        expect(up).toContain('second is live in dev, staging, production')
      } finally {
        execFileSync(join(packageRoot, 'bin/fairlead'), ['stop', '--host'], { env })
        await repository.remove()
      }
    },
    120_000,
  )
})
