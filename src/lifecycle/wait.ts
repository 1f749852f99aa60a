export { untilAborted, within } from '../core/wait.ts'
