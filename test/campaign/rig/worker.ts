// A process that uses the library as applications do. What it shall do comes in by lines.

import process from 'node:process'
import { clientCommands } from './client-commands.ts'
import { disturbCommands } from './disturb-commands.ts'
import { foreignCommands } from './foreign-commands.ts'
import { serveCommands } from './serve-commands.ts'
import { storeCommands } from './store-commands.ts'

serveCommands({
  ...clientCommands,
  ...storeCommands,
  ...foreignCommands,
  ...disturbCommands,
  /** Ends the process as a program ends that has nothing more to do. */
  leave: () => void setTimeout(() => process.exit(0), 5),
})
