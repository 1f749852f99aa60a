import { isOAuthError, OAuthError } from '../errors.ts'
import { withinTime } from './within-time.ts'

/** The part of node-redis (4 or later) that we use: a client, a pool or a cluster. */
export interface NodeRedisClient {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

/** The part of ioredis (5 or later) that we use: a `Redis` or a `Cluster`. */
export interface IORedisClient {
  eval(script: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>
  defineCommand(name: string, definition: { lua: string; numberOfKeys?: number }): void
}

/** Runs a Lua script in Redis, for any other client. Texts must come back as they are, not parsed as JSON. */
export type RedisEval = (script: string, keys: string[], args: string[]) => Promise<unknown>

/** What runs scripts: node-redis, ioredis, or a function of yours. */
export type RedisClient = NodeRedisClient | IORedisClient | RedisEval

/** Runs a script, within a time, with our errors. */
export type RedisCommand = (script: string, keys: string[], args: string[]) => Promise<unknown>

/** Makes one way to run scripts of the clients' several. */
export function redisCommand(client: RedisClient, timeout: number): RedisCommand {
  const run = evalOf(client)
  return async (script, keys, args) => {
    try {
      return await withinTime(run(script, keys, args), { what: 'Redis', after: timeout })
    } catch (error) {
      throw isOAuthError(error) ? error : redisFailure(error)
    }
  }
}

function evalOf(client: RedisClient): RedisEval {
  if (typeof client === 'function') return async (script, keys, args) => client(script, keys, args)
  if (typeof client?.eval !== 'function') throw new TypeError('client must be node-redis, ioredis, or a function')
  if ('defineCommand' in client) return async (script, keys, args) => client.eval(script, keys.length, ...keys, ...args)
  return async (script, keys, args) => client.eval(script, { keys, arguments: args })
}

const denials = ['NOAUTH', 'WRONGPASS', 'NOPERM']

/** The first words of Redis's errors that tell somebody something. */
const known =
  /^(?:NOAUTH|WRONGPASS|NOPERM|WRONGTYPE|READONLY|OOM|MISCONF|LOADING|BUSY|NOREPLICAS|CLUSTERDOWN|MASTERDOWN|CROSSSLOT|ERR)\b/

/** Makes Redis's error ours. Its message may quote what was sent, so that only its first word is told. */
function redisFailure(error: unknown): OAuthError {
  const { message, code } =
    typeof error === 'object' && error !== null ? (error as Partial<Record<string, unknown>>) : {}
  const word = known.exec(typeof message === 'string' ? message : '')?.[0]
  if (word === 'WRONGTYPE')
    return new OAuthError('store_corrupt', { where: 'Redis', reason: 'other data has our name' })
  if (word !== undefined) {
    return new OAuthError(denials.includes(word) ? 'store_denied' : 'persist_failed', { where: 'Redis', reason: word })
  }
  const errno = typeof code === 'string' && /^E[A-Z]+$/.test(code) ? ` (${code})` : ''
  return new OAuthError('persist_failed', { where: 'Redis', reason: `the command failed${errno}` })
}
