import { inFile } from './mutant.ts'
import type { Mutant } from './mutant.ts'

const denials = 'test/node/file-store-denials.test.ts'
const faults = 'test/node/file-store-faults.test.ts'
const processes = 'test/node/file-store-processes.test.ts'
const guards = 'test/node/file-store-guards.test.ts'
const locks = 'test/node/lock-directory.test.ts'
const documents = 'test/suites/stores/auth-document.test.ts'
const encrypted = 'test/suites/stores/encrypted.test.ts'

/** What keeps records whole, private, and written by one at a time. */
export const storeMutants: readonly Mutant[] = [
  ...inFile(
    'src/stores/memory-transactions.ts',
    ['test/suites/stores/memory-transactions.test.ts'],
    [
      {
        name: 'a transaction can be taken twice',
        find: 'const transaction = pending.get(state)\n      pending.delete(state)\n',
        replace: 'const transaction = pending.get(state)\n',
      },
      {
        name: 'a transaction is given after its end',
        find: 'transaction !== undefined && transaction.expiresAt > clock.now()',
        replace: 'transaction !== undefined',
      },
      {
        name: 'pending sign-ins fill the memory',
        find: 'if (expiresAt > now && pending.size <= limit) break',
        replace: 'if (expiresAt > now) break',
      },
    ],
  ),
  ...inFile(
    'src/stores/private-file.node.ts',
    [faults],
    [
      {
        name: 'a file is not flushed before it gets its name',
        find: 'await flushed(descriptor)\n    } finally',
        replace: '} finally',
        tests: [guards],
      },
      { name: 'a new file is readable for others', find: "'wx', 0o600)", replace: "'wx', 0o644)", tests: [denials] },
      {
        name: 'a file is written in place',
        find: 'renameSync(temporary, target)',
        replace: 'unlinkSync(temporary)\n    writeFileSync(target, text)',
      },
      {
        name: 'a holder who lost the lock writes all the same',
        find: 'if (!(await allowed())) {',
        replace: 'if ((await allowed()) === undefined) {',
      },
      {
        name: 'what is no regular file is read',
        find: 'if (!stats.isFile()) throw',
        replace: 'if (stats.isDirectory()) throw',
      },
      {
        name: 'a file of another user is believed',
        find: 'user !== 0 && owner !== user',
        replace: 'owner === -1',
        tests: [denials],
      },
      {
        name: 'a file that is too large passes for none',
        find: 'if (stats.size > largest) {\n',
        replace: 'if (stats.size > largest) {\n      if (stats.size > 0) return undefined\n',
      },
      {
        name: 'a file made read-only is replaced',
        find: 'fs.closeSync(fs.openSync(target, fs.constants.O_WRONLY | nonBlocking))',
        replace: '',
        tests: [denials],
      },
    ],
  ),
  ...inFile(
    'src/stores/file-lock.node.ts',
    [denials],
    [
      { name: 'a new directory is open to others', find: 'mode: 0o700', replace: 'mode: 0o755' },
      {
        name: 'a link that was turned meanwhile is not noticed',
        find: 'if (ifPossible(() => resolveTarget(path)) === target) {',
        replace: "if (target !== '') {",
        tests: [faults],
      },
    ],
  ),
  ...inFile(
    'src/stores/resolve-target.node.ts',
    [faults],
    [
      {
        name: 'a link is replaced by a file',
        find: 'if (target !== undefined) return target',
        replace: 'if (target !== undefined) return path',
      },
      {
        name: 'a link to nowhere is replaced by a file',
        find: 'return link === undefined ? file : resolveTarget(resolve(parent, link), linksLeft - 1)',
        replace: 'return file',
      },
    ],
  ),
  ...inFile(
    'src/stores/read-auth-file.node.ts',
    [faults],
    [
      {
        name: 'a file that is just being written is called broken',
        find: 'const attempts = 10',
        replace: 'const attempts = 1',
      },
      { name: 'what is not UTF-8 is read', find: 'fatal: true, ignoreBOM', replace: 'fatal: false, ignoreBOM' },
    ],
  ),
  ...inFile(
    'src/stores/auth-document.ts',
    [documents],
    [
      {
        name: 'what cannot be parsed is overwritten',
        find: "throw corrupt(where, 'it is not JSON')",
        replace: 'return {}',
      },
      {
        name: 'fields of other programs are dropped',
        find: 'const entry = member === undefined ? emptyEntry(indent) : target.slice(member.valueStart, member.end)',
        replace: 'const entry = emptyEntry(indent)',
      },
      {
        name: 'an entry that is no OAuth entry is replaced',
        find: "typeOf(entries[key]) !== 'oauth'",
        replace: "typeOf(entries[key]) === ''",
      },
      { name: 'a name that occurs twice is edited', find: 'refuseDuplicates(json, where)', replace: '' },
    ],
  ),
  ...inFile(
    'src/stores/directory-lock.node.ts',
    [faults],
    [
      {
        name: 'another lock directory of the same name passes for ours',
        find: 'return lockInstance(instance.path)?.id === instance.id',
        replace: 'return lockInstance(instance.path) !== undefined',
      },
      {
        name: 'a lock is taken away that is not ours any more',
        find: 'const moved = found?.id === instance.id\n',
        replace: 'const moved = true\n',
        tests: [faults],
      },
      {
        name: 'the holder gives no sign of life',
        find: 'touch(path)\n    ;[steady',
        replace: ';[steady',
      },
      {
        name: 'a holder who slept takes away the lock of who took it over',
        find: 'quiet < 2 * heartbeat ? undefined',
        replace: 'quiet < Infinity ? undefined',
        tests: [locks],
      },
      {
        name: 'a maker who slept believes that the lock is still theirs',
        find: 'if (!stillHeld()) {\n',
        replace: "if (instance.id === '') {\n",
        tests: [locks],
      },
      {
        name: 'whoever lets go is faster than all who wait',
        find: 'if (free !== undefined) await pauseUntil(free, wait)\n',
        replace: '',
        tests: [locks],
      },
      {
        name: 'whoever waits marks a lock of another program',
        find: 'if (last !== undefined && instance.mode === lockMode) markAwaited(instance)',
        replace: 'markAwaited(instance)',
        tests: [locks],
      },
      {
        name: 'a lock is dead as soon as somebody waits',
        find: 'if (!isAbandoned(instance, last, performance.now() - seen.since)) {',
        replace: "if (seen.sight === '') {",
        tests: [processes],
        slow: true,
      },
      {
        name: 'a dead lock is never taken over',
        find: 'if (last?.owner !== undefined && isGone(last.owner)) return true\n',
        replace: '',
        tests: [processes],
        slow: true,
      },
    ],
  ),
  ...inFile(
    'src/stores/directory-lock.node.ts',
    [faults],
    [{ name: 'signs of life keep the process alive', find: '  timer.unref()\n', replace: '' }],
  ),
  ...inFile(
    'src/stores/lock-instance.node.ts',
    [processes],
    [
      {
        name: 'several may claim a lock at once',
        find: "return errnoOf(error) !== 'EEXIST' && writeClaim(path, text)",
        replace: "return errnoOf(error) === 'EEXIST' || writeClaim(path, text)",
        slow: true,
      },
    ],
  ),
  ...inFile(
    'src/stores/lock-owner.node.ts',
    [guards],
    [
      {
        name: 'a process id that was given again passes for the owner',
        find: 'process_.started !== owner.started || ',
        replace: '',
      },
      {
        name: 'a process of another machine is judged by its number',
        find: 'if (owner.place !== newLockOwner().place) return false',
        replace: '',
      },
    ],
  ),
  ...inFile(
    'src/stores/envelope.ts',
    [encrypted],
    [
      {
        name: 'an envelope belongs to no account',
        find: 'JSON.stringify([envelopePrefix, ...context])',
        replace: 'JSON.stringify([envelopePrefix])',
      },
      {
        name: 'an envelope is always made with the same vector',
        find: 'crypto.getRandomValues(new Uint8Array(ivLength))',
        replace: 'new Uint8Array(ivLength)',
      },
    ],
  ),
  ...inFile(
    'src/stores/sealed-record.ts',
    [encrypted],
    [
      {
        name: 'what lies beside an envelope is not looked at',
        find: '!isEmpty(rest) || !isEmpty(others)',
        replace: 'rest === undefined',
      },
    ],
  ),
]
