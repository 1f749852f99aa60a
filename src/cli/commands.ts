import type { Command, Option } from './command.ts'
import { rowNames } from './row-names.ts'

const profile: Option = { type: 'string', value: 'name', about: 'one of several accounts of the same provider' }
const json: Option = { type: 'boolean', about: 'for programs to read' }
const yes: Option = { type: 'boolean', about: 'do not ask' }
const words = '[provider]'
const tools = ['pi', 'synaps', 'opencode', 'codex']

/** Every command, in the order of the help. */
export const commands: Readonly<Record<string, Command>> = {
  login: {
    about: 'sign in',
    words: '[provider | issuer]',
    offers: rowNames,
    options: {
      via: {
        type: 'string',
        value: 'way',
        values: ['auto', 'loopback', 'paste', 'device'],
        about: 'how the answer comes back',
      },
      profile,
      port: { type: 'string', value: 'number', about: 'the loopback port' },
      'no-browser': { type: 'boolean', about: 'only print the address' },
      issuer: { type: 'string', value: 'url', about: 'any OpenID Connect server, or where a known one lives' },
      'client-id': {
        type: 'string',
        value: 'id',
        about: 'your own client; one with a secret: LATCHKEY_CLIENT_ID and LATCHKEY_CLIENT_SECRET',
      },
      scope: { type: 'string', value: 'list', about: 'scopes to ask for, separated by spaces' },
      tenant: { type: 'string', value: 'id', about: 'for microsoft' },
    },
    load: async () => (await import('./login.ts')).login,
  },
  logout: {
    about: 'sign out, and ask the server to revoke the tokens',
    words,
    options: { profile, all: { type: 'boolean', about: 'every account' } },
    load: async () => (await import('./logout.ts')).logout,
  },
  status: {
    about: 'who is signed in; exit code 0: ready, 1: sign in, 2: trouble',
    words,
    options: { profile, json },
    load: async () => (await import('./status.ts')).status,
  },
  token: {
    about: 'print an access token that is good now, and nothing else',
    words,
    options: {
      profile,
      'min-validity': { type: 'string', value: 'time', about: 'how long it must still be good: 90s, 30m, 1h' },
      format: {
        type: 'string',
        value: 'form',
        values: ['raw', 'json', 'env', 'header'],
        about: 'how it is printed',
      },
    },
    load: async () => (await import('./token.ts')).token,
  },
  'api-key': {
    about: 'create an API key of Claude Console, and print it this once',
    words: 'create',
    offers: ['create'],
    options: { profile },
    load: async () => (await import('./api-key.ts')).apiKey,
  },
  accounts: {
    about: 'list the accounts',
    most: 0,
    options: { json },
    load: async () => (await import('./accounts.ts')).accounts,
  },
  import: {
    about: "take over another program's sign-in, which signs that program out",
    words: `${tools.join('|')} [its account]`,
    most: 2,
    offers: tools,
    options: { profile, yes },
    load: async () => (await import('./import-account.ts')).importAccount,
  },
  export: {
    about: 'give an account to another program, which signs it out here',
    words: 'pi|synaps|opencode|anthropic [account]',
    most: 2,
    offers: ['pi', 'synaps', 'opencode', 'anthropic'],
    options: { profile, yes },
    load: async () => (await import('./export-account.ts')).exportAccount,
  },
  doctor: {
    about: 'find what is wrong with the set-up; exit code 0: nothing',
    words: '[provider | issuer]',
    offers: rowNames,
    options: {
      app: { type: 'string', value: 'url', about: 'also look at a page of your single-page app' },
      worker: { type: 'string', value: 'file', about: "also look at a Worker's configuration" },
      port: { type: 'string', value: 'number', about: 'the loopback port that will be used' },
      json,
    },
    load: async () => (await import('./doctor.ts')).doctor,
  },
  completions: {
    about: 'print what lets a shell complete these commands',
    words: 'bash|zsh|fish',
    offers: ['bash', 'zsh', 'fish'],
    load: async () => (await import('./completions.ts')).completions,
  },
}
