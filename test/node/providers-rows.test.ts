import { readdir } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { allRows } from '../suites/providers/all-rows.ts'

const folder = new URL('../../src/providers/', import.meta.url)

/** What the files of the providers offer besides rows. */
const others = ['createApiKey', 'extractCodexAccountId']

it('holds every row of src/providers to what all rows must say', async () => {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.ts'))
  const modules = await Promise.all(files.map((name) => import(new URL(name, folder).href) as Promise<object>))
  const functions = modules.flatMap((module) => Object.keys(module)).filter((name) => !others.includes(name))
  const held = allRows.map(({ name }) => name.split('(')[0] ?? '')
  expect(functions.toSorted()).toEqual([...new Set(held)].toSorted())
})
