import { readFileSync } from 'node:fs'
import { explainFix, fixCodes } from '../../src/explain/index.ts'

/** The README with what stands elsewhere put into it: the examples, and the table of what to do. */
export function fillReadme(text: string): string {
  return text
    .replaceAll(
      /(<!-- (examples\/\S+) -->\n```\w+\n)[\s\S]*?```/g,
      (_, head: string, path: string) => `${head}${readFileSync(path, 'utf8')}\`\`\``,
    )
    .replace(/(<!-- troubleshooting -->\n)[\s\S]*?(?=<!-- \/troubleshooting -->)/, (_, head: string) => head + table())
}

function table(): string {
  const rows = fixCodes.map((code) => {
    const { why, todo } = explainFix(code)
    return `| \`${code}\` | ${cell(why)} | ${cell(todo)} |`
  })
  return ['| code | why | what to do |', '| --- | --- | --- |', ...rows, ''].join('\n')
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
