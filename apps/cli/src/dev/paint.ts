/** Colours of a stream for people: none where it is no terminal, or where NO_COLOR is set. */

import { styleText } from "node:util";

export type Style = "red" | "yellow" | "cyan" | "green" | "magenta" | "bold" | "dim";

export type Paint = (style: Style, text: string) => string;

export function paintFor(stream: { readonly isTTY?: boolean }, environment: NodeJS.ProcessEnv): Paint {
  const isColoured = stream.isTTY === true && (environment["NO_COLOR"] ?? "") === "";
  return (style, text) => (isColoured ? styleText(style, text, { validateStream: false }) : text);
}
