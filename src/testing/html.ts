/** Text that is already HTML. */
export interface Html {
  readonly html: string
}

/** What a template may hold; arrays are joined. */
type Piece = string | number | Html | undefined | readonly Piece[]

/** Writes HTML. Whatever is put in is escaped, unless it is HTML itself. */
export function html(parts: TemplateStringsArray, ...pieces: readonly Piece[]): Html {
  return { html: String.raw({ raw: parts }, ...pieces.map(written)) }
}

function written(piece: Piece): string {
  if (piece === undefined) return ''
  if (isList(piece)) return piece.map(written).join('')
  return typeof piece === 'object' ? piece.html : escaped(String(piece))
}

function isList(piece: Piece): piece is readonly Piece[] {
  return Array.isArray(piece)
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}
