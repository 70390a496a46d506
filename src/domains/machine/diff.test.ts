import { expect, test } from 'vitest'
import { hideBesideSecrets } from './diff.ts'

test('what stands beside a secret is hidden, and the rest is shown', () => {
  const diff = [
    ...['--- before', '+++ after: /etc/app.env', '@@ -1,4 +1,4 @@', ' level=1'],
    ...['-password=of last month', '-more', '+password=***', ' kept', '-port=1', '+port=2'],
  ]
  expect(hideBesideSecrets(diff.join('\n')).split('\n')).toEqual([
    ...['--- before', '+++ after: /etc/app.env', '@@ -1,4 +1,4 @@', ' level=1'],
    ...['-***', '-***', '+password=***', ' kept', '-port=1', '+port=2'],
  ])
})

test('a secret that was there hides what replaces it', () => {
  expect(hideBesideSecrets('-a=***\n+a=new')).toBe('-a=***\n+***')
})

test('a difference without a secret stays as it is', () => {
  expect(hideBesideSecrets('--- a\n+++ b\n-1\n+2')).toBe('--- a\n+++ b\n-1\n+2')
})
