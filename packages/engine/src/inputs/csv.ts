/** One CSV record as text to its cells, RFC 4180: quotes doubled inside quotes, no quote inside an unquoted cell. */

/** Cells of a record, or what is wrong with it and after how many line breaks. */
export type CsvCells =
  { readonly cells: readonly string[] } | { readonly cause: string; readonly linesBefore: number };

export function parseCsvRecord(text: string): CsvCells {
  if (!text.includes('"')) {
    return text.includes("\r") ? bareReturn(text) : { cells: text.split(",") };
  }
  const cells: string[] = [];
  for (let offset = 0; ;) {
    const quoted = text.startsWith('"', offset);
    const end = quoted ? endOfQuoted(text, offset + 1) : endOfPlain(text, offset);
    if (end < 0) return wrong(text, offset, "a quoted cell is not closed");
    const cell = quoted ? text.slice(offset + 1, end).replaceAll('""', '"') : text.slice(offset, end);
    if (!quoted && cell.includes('"')) return wrong(text, offset, "a quote stands inside an unquoted cell");
    if (!quoted && cell.includes("\r")) return bareReturn(text);
    cells.push(cell);
    const next = quoted ? end + 1 : end;
    if (next === text.length) return { cells };
    if (text[next] !== ",") return wrong(text, next, "text follows the closing quote of a cell");
    offset = next + 1;
  }
}

function endOfPlain(text: string, offset: number): number {
  const comma = text.indexOf(",", offset);
  return comma < 0 ? text.length : comma;
}

/** Offset of the closing quote, or -1. */
function endOfQuoted(text: string, offset: number): number {
  for (let at = text.indexOf('"', offset); at >= 0; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  return -1;
}

function bareReturn(text: string): CsvCells {
  return wrong(text, text.indexOf("\r"), "a carriage return stands alone; end lines with LF or CRLF");
}

function wrong(text: string, offset: number, cause: string): CsvCells {
  return { cause, linesBefore: text.slice(0, offset).split("\n").length - 1 };
}
