/** Texts of guests and files on their way to a terminal: what would steer it is spelled out. */

/** C0 and C1 controls but tab and line feed, and the marks that turn the direction of writing around. */
const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** The text with steering characters as escapes and later lines indented, so that none can pass for one of ours. */
export function visible(text: string, indent = "    "): string {
  return text.replace(steering, escaped).trimEnd().replaceAll("\n", `\n${indent}`);
}

/** One line of at most so many characters, for values in tables and lists. */
export function shortened(text: string, charactersMax: number): string {
  const line = visible(text).replace(/\s*\n\s*/g, " | ");
  return line.length <= charactersMax ? line : `${line.slice(0, charactersMax)}…`;
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
}
