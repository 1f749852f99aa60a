import { describe, expect, it } from 'vitest'

import { campaign } from '../campaign/simulator/campaign.ts'

/** `LATCHKEY_SEED=… npx node test/campaign/simulator/main.ts` shows and shortens a schedule that failed. */
describe('the lifecycle under schedules drawn at random', () => {
  it('loses no session, brings none back, and lets every caller settle', async () => {
    const { failures, counts, schedules } = await campaign(1, 1000)
    expect(failures).toEqual([])
    expect(schedules).toBe(1000)
    // The schedules were worth running.
    const happened = ['kills', 'locks broken', 'repeats: answer lost', 'persist-failed', 'adopted', 'ends signed in']
    happened.push('leaves the queue', 'leaves with the lock just given')
    expect(happened.filter((what) => (counts[what] ?? 0) === 0)).toEqual([])
  }, 120_000)
})
