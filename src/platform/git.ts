import { execFile } from 'node:child_process'

export interface GitResult {
  stdout: string
  stderr: string
}

/** git said no; `stderr` is its own last line, without the command (a URL in it may carry a password). */
export class GitError extends Error {
  override name = 'GitError'
  readonly stderr: string
  constructor(stderr: string) {
    super(
      stderr
        .trim()
        .split('\n')
        .findLast((line) => line.trim() !== '')
        ?.replace(/\/\/[^/@\s]+@/g, '//…@') ?? 'git failed',
    )
    this.stderr = stderr
  }
}

/**
 * Runs git without a shell, without the user's or system's configuration, and without prompts.
 * Arguments from outside belong after `--` or `--end-of-options`.
 */
export function git(
  cwd: string,
  args: string[],
  options: { signal?: AbortSignal; env?: Record<string, string>; timeoutMs?: number } = {},
): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    execFile(
      'git',
      args,
      {
        cwd,
        env: { ...gitEnvironment(), ...options.env },
        maxBuffer: 64 * 1024 * 1024,
        timeout: options.timeoutMs ?? 120_000,
        ...(options.signal ? { signal: options.signal } : {}),
      },
      (error, stdout, stderr) => {
        if (!error) return resolve({ stdout, stderr })
        if ((error as NodeJS.ErrnoException).code === 'ENOENT')
          return reject(new GitError('git is not installed, or not on the PATH'))
        reject(error.name === 'AbortError' ? error : new GitError(stderr || error.message))
      },
    )
  })
}

export function gitEnvironment(): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: process.env['HOME'] ?? '/',
    LANG: 'C.UTF-8',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_COUNT: '2',
    GIT_CONFIG_KEY_0: 'safe.directory',
    GIT_CONFIG_VALUE_0: '*',
    GIT_CONFIG_KEY_1: 'core.hooksPath',
    GIT_CONFIG_VALUE_1: '/dev/null',
  }
}
