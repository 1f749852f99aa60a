/** The providers known by name. */
export const rowNames = [
  'anthropic',
  'anthropic-platform',
  'openai',
  'openai-codex',
  'github',
  'google',
  'microsoft',
  'oidc',
] as const

export type RowName = (typeof rowNames)[number]
