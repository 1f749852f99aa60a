/** The newest date that the installed workerd supports. */
export const workerdCompatibilityDate = '2026-10-23'
