/** Tables for people: numbers to the right, three significant digits with units that everybody reads alike. */

/** `1.23 M`, `45.6 k`, `789`. */
export function rate(perSecond: number | undefined): string {
  if (perSecond === undefined) return "-";
  if (perSecond >= 1e6) return `${digits(perSecond / 1e6)} M`;
  if (perSecond >= 1e3) return `${digits(perSecond / 1e3)} k`;
  return digits(perSecond);
}

export function digits(value: number): string {
  if (value === 0) return "0";
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(3, decimals));
}

export function figureTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((text, column) =>
    Math.max(text.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((text, column) =>
        column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return [line(head), ...rows.map(line)].map((text) => `  ${text}`).join("\n");
}
