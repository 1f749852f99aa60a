import { derived } from 'svelte/store'
import type { Readable } from 'svelte/store'
import type { Snapshot } from 'latchkey'
import { client } from './client.ts'

/** In a component: `{#if $session.status === 'signed-in'} {$name} {/if}`. */
export const session: Readable<Snapshot> = client.readable
export const name: Readable<string> = derived(session, ({ account }) => account?.name ?? 'nobody')
