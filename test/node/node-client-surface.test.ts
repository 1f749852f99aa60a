import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import * as node from '../../src/node/index.ts'
import { authFilePath, createNodeClient } from '../../src/node/index.ts'
import { oidc } from '../../src/providers/oidc.ts'

describe('the entry for Node', () => {
  it('gives these names', () => {
    const names = [
      'authFilePath',
      'borrowTokens',
      'buildAuthUrl',
      'createNodeClient',
      'createOAuthClient',
      'ensureFreshProviderToken',
      'ensureFreshToken',
      'environmentTokens',
      'exchangeCodeForTokens',
      'fileStore',
      'installationId',
      'loadAuth',
      'loadProviderAuth',
      'login',
      'loginOpenAICodex',
      'moveTokens',
      'openBrowser',
      'readAnthropicProfile',
      'refreshToken',
      'saveAuth',
      'saveProviderAuth',
      'startCallbackServer',
      'toolFilePath',
      'writeAnthropicProfile',
    ]
    expect(Object.keys(node).sort()).toEqual(names)
  })

  it('creates a client without touching the disk', () => {
    const client = createNodeClient({ provider: oidc({ issuer: 'https://id.example.com' }), clientId: 'cli' })
    expect(client.provider.issuer).toBe('https://id.example.com')
    client.dispose()
  })
})

describe.skipIf(process.platform === 'win32')('authFilePath', () => {
  const home = '/home/ada'
  it.each([
    ['the usual folder', 'linux', {}, '/home/ada/.config/latchkey/auth.json'],
    ['the same on macOS', 'darwin', {}, '/home/ada/.config/latchkey/auth.json'],
    ['XDG_CONFIG_HOME', 'linux', { XDG_CONFIG_HOME: '/conf' }, '/conf/latchkey/auth.json'],
    ['not a relative XDG_CONFIG_HOME', 'linux', { XDG_CONFIG_HOME: 'conf' }, '/home/ada/.config/latchkey/auth.json'],
    ['not an empty one', 'linux', { XDG_CONFIG_HOME: '' }, '/home/ada/.config/latchkey/auth.json'],
    ['APPDATA on Windows', 'win32', { APPDATA: '/appdata' }, '/appdata/latchkey/auth.json'],
    ['not APPDATA elsewhere', 'linux', { APPDATA: '/appdata' }, '/home/ada/.config/latchkey/auth.json'],
    ['LATCHKEY_AUTH_FILE first', 'linux', { LATCHKEY_AUTH_FILE: '/a.json', XDG_CONFIG_HOME: '/conf' }, '/a.json'],
  ])('is %s', (_name, platform, env, path) => {
    expect(authFilePath({ env, platform, home })).toBe(path)
  })

  it('makes a relative LATCHKEY_AUTH_FILE absolute', () => {
    expect(authFilePath({ env: { LATCHKEY_AUTH_FILE: 'a.json' }, home })).toBe(resolve('a.json'))
  })

  it('asks the world when nothing is given', () => {
    expect(authFilePath()).toMatch(/\.json$/)
    expect(authFilePath({ env: {} })).toContain(join('.config', 'latchkey', 'auth.json'))
  })
})
