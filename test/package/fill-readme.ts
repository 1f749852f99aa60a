import { readFileSync } from 'node:fs'
import { explainFix, fixCodes } from '../../src/explain/index.ts'
import { budgetsTable, growthTable, readResults } from '../bench/results.ts'

/** The README with what stands elsewhere put into it: the examples, the table of what to do, and what was measured. */
export function fillReadme(text: string): string {
  return text
    .replaceAll(
      /(<!-- (examples\/\S+) -->\n```\w+\n)[\s\S]*?```/g,
      (_, head: string, path: string) => `${head}${readFileSync(path, 'utf8')}\`\`\``,
    )
    .replace(/(<!-- troubleshooting -->\n)[\s\S]*?(?=<!-- \/troubleshooting -->)/, (_, head: string) => head + table())
    .replace(/(<!-- bench -->\n)[\s\S]*?(?=<!-- \/bench -->)/, (_, head: string) => head + budgetsTable(readResults()))
    .replace(/(<!-- growth -->\n)[\s\S]*?(?=<!-- \/growth -->)/, (_, head: string) => head + growthTable(readResults()))
}

function table(): string {
  const rows = fixCodes.map((code) => {
    const { why, todo } = explainFix(code)
    return `| \`${code}\` | ${cell(why)} | ${cell(todo)} |`
  })
  return ['| code | why | what to do |', '| --- | --- | --- |', ...rows, ''].join('\n')
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
