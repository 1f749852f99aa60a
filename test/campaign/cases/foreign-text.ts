import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileStore } from '../../../src/stores/file.node.ts'
import { row } from '../rig/report.ts'
import type { Case } from './case.ts'

/** Entries and fields of other programs, of every odd kind, lie beside ours through many operations. */
export const foreignText: Case = {
  id: 'C-17',
  async run(lab) {
    const operations = lab.size(1_000, 100)
    const path = join(await lab.folder(), 'auth.json')
    const foreign = Array.from({ length: 100 }, (_, index) => `"f${index}": ${oddValue(lab.random, 3)}`)
    const own = `"campaign": {"zz" : 1.0, "type":"oauth","access":"a","refresh":"r","expires":1,"\\u00e9x": [1e3,0.10,-0],"n":12345678901234567890}`
    await writeFile(path, `{\n  ${[...foreign.slice(0, 50), own, ...foreign.slice(50)].join(',\n  ')}\n}\n`, {
      mode: 0o600,
    })
    const store = fileStore({ path })
    for (let index = 0; index < operations; index += 1) {
      const key = index % 3 === 0 ? `campaign@${index % 7}` : 'campaign'
      await store.update(key, (record) =>
        index % 5 === 4 && key !== 'campaign'
          ? undefined
          : {
              ...record,
              tokens: { accessToken: `a${index}`, tokenType: 'Bearer', refreshToken: `r${index}`, expiresAt: index },
            },
      )
    }
    const text = await readFile(path, 'utf8')
    const kept = foreign.filter((member) => text.includes(member)).length
    const fields = ['"zz" : 1.0', '"\\u00e9x": [1e3,0.10,-0]', '"n":12345678901234567890'].filter((field) =>
      text.includes(field),
    ).length
    const order = foreign.map((member) => text.indexOf(member))
    const inOrder = order.every((at, index) => index === 0 || at > (order[index - 1] ?? 0))
    JSON.parse(text)
    return [
      row(
        'C-17',
        `${operations} operations`,
        '100 foreign entries and 3 fields byte for byte, in order',
        `${kept} of 100 entries and ${fields} of 3 fields unchanged, ${inOrder ? 'in order' : 'out of order'}`,
        kept === 100 && fields === 3 && inOrder,
      ),
    ]
  },
}

/** The text of a JSON value as no serializer of ours would write it. */
function oddValue(random: () => number, depth: number): string {
  const kinds = [
    '1.50',
    '1E400',
    '123456789012345678901234567890',
    '-0.0',
    'null',
    'true',
    '"\\u20ac \\/ \\ud83d\\ude00 é 𝒜"',
    '""',
    '"}{],["',
  ]
  const pick = random()
  if (depth === 0 || pick < 0.4) return kinds[Math.floor(random() * kinds.length)] ?? 'null'
  const inner = Array.from({ length: Math.floor(random() * 4) }, () => oddValue(random, depth - 1))
  if (pick < 0.7) return `[ ${inner.join(' ,')}]`
  return `{${inner.map((value, index) => `"k${9 - index}" :\t${value}`).join(',\n')}}`
}
