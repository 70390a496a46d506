import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { machineVariables } from './machine.ts'

test('passes on tools, certificates and proxies, but no secrets or other variables', () => {
  const env = {
    JAVA_HOME: '/opt/java',
    SSL_CERT_FILE: '/etc/certificates.pem',
    HTTPS_PROXY: 'http://proxy:3128',
    HTTP_PROXY: 'http://user:password@proxy:3128',
    PIP_INDEX_URL: 'https://token@packages.example.com/simple',
    DATABASE_URL: 'postgres://secret',
    AWS_SECRET_ACCESS_KEY: 'secret',
    NPM_TOKEN: 'secret',
    TZ: '',
  }
  expect(machineVariables(env)).toEqual({
    JAVA_HOME: '/opt/java',
    SSL_CERT_FILE: '/etc/certificates.pem',
    HTTPS_PROXY: 'http://proxy:3128',
  })
})

test('finds tools that are installed below HOME', () => {
  const home = mkdtempSync(join(tmpdir(), 'fairlead-home-'))
  try {
    mkdirSync(join(home, '.rustup'))
    expect(machineVariables({ HOME: home })).toEqual({ RUSTUP_HOME: join(home, '.rustup') })
    expect(machineVariables({ HOME: home, RUSTUP_HOME: '/opt/rustup' })).toEqual({
      RUSTUP_HOME: '/opt/rustup',
    })
  } finally {
    rmSync(home, { recursive: true })
  }
})
