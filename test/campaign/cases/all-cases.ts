import { askedToWait } from './asked-to-wait.ts'
import type { Case } from './case.ts'
import { concurrentCallers } from './concurrent-callers.ts'
import { failingCalls } from './failing-calls.ts'
import { fileModes } from './file-modes.ts'
import { foreignText } from './foreign-text.ts'
import { fullDisk, readOnlyDisk } from './full-disk.ts'
import { jumpingClock } from './jumping-clock.ts'
import { killedHolder } from './killed-holder.ts'
import { lateSibling } from './late-sibling.ts'
import { flippedLinks, links } from './links.ts'
import { lostAnswers } from './lost-answers.ts'
import { oneFile } from './one-file.ts'
import { reentrancy } from './reentrancy.ts'
import { schedules } from './schedules.ts'
import { sealedRecords } from './sealed-records.ts'
import { secondTool } from './second-tool.ts'
import { secrets } from './secrets.ts'
import { slowEndpoint } from './slow-endpoint.ts'
import { staleLock } from './stale-lock.ts'
import { stoppedHolder } from './stopped-holder.ts'
import { suddenDeaths } from './sudden-deaths.ts'
import { suddenEndAtEachCall } from './sudden-end-at-each-call.ts'
import { tornFiles } from './torn-files.ts'
import { troubledKeychain } from './troubled-keychain.ts'

export type { Case } from './case.ts'

/** Every case, in the order in which they run: the one that takes ten minutes last. */
export const allCases: readonly Case[] = [
  concurrentCallers,
  oneFile,
  ...suddenDeaths,
  killedHolder,
  stoppedHolder,
  slowEndpoint,
  staleLock,
  suddenEndAtEachCall,
  failingCalls,
  lostAnswers,
  lateSibling,
  reentrancy,
  foreignText,
  tornFiles,
  fileModes,
  links,
  flippedLinks,
  fullDisk,
  readOnlyDisk,
  sealedRecords,
  troubledKeychain,
  secrets,
  askedToWait,
  jumpingClock,
  schedules,
  secondTool,
]
