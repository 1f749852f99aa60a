// npm run api: writes what is made of the declarations: the API report, the reference, llms.txt.

import { installFolder } from '../install-folder.ts'
import { pack } from '../pack.ts'
import { makeDocuments, staleFiles, writeDocuments } from './documents.ts'

installFolder('test/package/consumers')
const packed = pack()
try {
  const documents = makeDocuments(packed.contents)
  for (const path of staleFiles(documents)) console.log(path)
  writeDocuments(documents)
  for (const problem of documents.undocumented) console.error(problem)
  process.exitCode = documents.undocumented.length === 0 ? 0 : 1
} finally {
  packed.remove()
}
