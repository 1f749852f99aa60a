// npm run readme: puts the examples, and what `explain` knows, into the README.

import { readFileSync, writeFileSync } from 'node:fs'
import { fillReadme } from './fill-readme.ts'

writeFileSync('README.md', fillReadme(readFileSync('README.md', 'utf8')))
