import type { Case } from './case.ts'
import { concurrentCallers } from './concurrent-callers.ts'
import { killedHolder } from './killed-holder.ts'
import { lateSibling } from './late-sibling.ts'
import { lostAnswers } from './lost-answers.ts'
import { oneFile } from './one-file.ts'
import { reentrancy } from './reentrancy.ts'
import { secondTool } from './second-tool.ts'
import { slowEndpoint } from './slow-endpoint.ts'
import { staleLock } from './stale-lock.ts'
import { stoppedHolder } from './stopped-holder.ts'
import { suddenDeaths } from './sudden-deaths.ts'

export type { Case } from './case.ts'

/** Every case, in the order in which they run. */
export const allCases: readonly Case[] = [
  concurrentCallers,
  oneFile,
  suddenDeaths,
  killedHolder,
  stoppedHolder,
  slowEndpoint,
  staleLock,
  lostAnswers,
  lateSibling,
  reentrancy,
  secondTool,
]
