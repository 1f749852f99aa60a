import type { Provider } from '../contracts.ts'
import { explainedFinding } from './explained.ts'
import { authFilePath } from '../node/auth-file-path.ts'
import { loadAuth } from '../node/load-auth.ts'
import { redirectPlan } from '../node/redirect-plan.ts'
import type { RedirectPlan } from '../node/redirect-plan.ts'
import type { Asked } from './command.ts'
import { isMisuse } from './misuse.ts'
import { paint } from './paint.ts'
import { portNumber } from './port-number.ts'
import { providerRow } from './provider-rows.ts'
import { slotOf } from './slot.ts'
import { print, say } from './world.ts'
import type { World } from './world.ts'
import { checkApp } from './check-app.ts'
import { checkOpener } from './check-opener.ts'
import { checkPorts } from './check-ports.ts'
import { checkProxy, runtimeHere } from './check-proxy.ts'
import { checkServer } from './check-server.ts'
import { checkStore } from './check-store.ts'
import { checkWorker } from './check-worker.ts'
import type { Finding } from './finding.ts'

/** `latchkey doctor`: says what is wrong with the set-up. Changes nothing, and sends no token anywhere. */
export async function doctor(asked: Asked, world: World): Promise<number> {
  const findings = await findingsFor(asked, world)
  if (asked.flag('json')) {
    print(
      world,
      JSON.stringify(
        findings.map((one) => ({ ...one, ...explainedFinding(one.fix) })),
        undefined,
        2,
      ),
    )
  } else {
    for (const one of findings) print(world, described(one, world))
    if (findings.length === 0) say(world, 'Nothing is wrong.')
  }
  return findings.length === 0 ? 0 : 1
}

async function findingsFor(asked: Asked, world: World): Promise<readonly Finding[]> {
  const { env, platform } = world
  const path = authFilePath({ env })
  const stored = await checkStore(path, platform)
  const issuer = env['LATCHKEY_ISSUER'] || undefined
  const named = asked.words[0] ?? issuer
  const providers = named
    ? [await providerRow(named, { issuer, installation })]
    : await providersOf(path, stored.length === 0)
  const port = portNumber(asked.text('port'))
  const worker = asked.text('worker')
  const found = await Promise.all(providers.map((provider) => checkProvider(provider, asked, world)))
  return [
    ...stored,
    ...checkOpener(env, platform),
    ...found.flat(),
    ...(port === undefined ? [] : await checkPorts([port], callbackOf(providers[0]).host)),
    ...(worker === undefined ? [] : await checkWorker(worker)),
  ]
}

/** Who only looks is no installation. */
const installation = '00000000-0000-0000-0000-000000000000'

/** Those of the accounts that are here. */
async function providersOf(path: string, readable: boolean): Promise<readonly Provider[]> {
  if (!readable) return []
  const rows = Object.entries(await loadAuth({ path })).map(async ([key, { issuer, clientId }]) => {
    const { id } = slotOf(key)
    return providerRow(id, { issuer, clientId, id, installation }).then(
      (provider) => [provider],
      // Another program's account, whose server we do not know.
      (error: unknown) => {
        if (isMisuse(error)) return []
        throw error
      },
    )
  })
  return (await Promise.all(rows)).flat()
}

async function checkProvider(provider: Provider, asked: Asked, world: World): Promise<readonly Finding[]> {
  const { env, signal } = world
  const { findings, tokenEndpoint } = await checkServer(provider, signal)
  const address = provider.endpoints?.token ?? provider.issuer ?? ''
  const host = URL.canParse(address) ? new URL(address).hostname : ''
  const app = asked.text('app')
  const { ports, host: callback } = callbackOf(provider)
  return [
    ...findings,
    ...checkProxy({ env, host, runtime: runtimeHere(), execArgv: process.execArgv }),
    ...(await checkPorts(ports, callback)),
    ...(app === undefined ? [] : await checkApp(app, tokenEndpoint, signal)),
  ]
}

/** Where the answer of a browser comes back to; for nobody in particular, and for pages, any port. */
function callbackOf(provider: Provider | undefined): NonNullable<RedirectPlan['loopback']> {
  const { loopback } = provider === undefined ? {} : redirectPlan(provider)
  return loopback ?? { host: '127.0.0.1', ports: [0], path: '/' }
}

function described({ fix, what }: Finding, { out, env }: World): string {
  const { bold, dim } = paint(out, env)
  const { why, todo } = explainedFinding(fix)
  return [`${bold(what)} ${dim(`(${fix})`)}`, `  ${why}`, `  ${todo}`].join('\n')
}
