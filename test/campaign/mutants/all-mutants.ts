import { clientMutants } from './client-mutants.ts'
import { lifecycleMutants } from './lifecycle-mutants.ts'
import type { Mutant } from './mutant.ts'
import { protocolMutants } from './protocol-mutants.ts'
import { redirectMutants } from './redirect-mutants.ts'
import { storeMutants } from './store-mutants.ts'
import { transportMutants } from './transport-mutants.ts'
import { workerMutants } from './worker-mutants.ts'

/** Every fault that some test must notice. */
export const allMutants: readonly Mutant[] = [
  ...protocolMutants,
  ...transportMutants,
  ...clientMutants,
  ...lifecycleMutants,
  ...storeMutants,
  ...redirectMutants,
  ...workerMutants,
]
