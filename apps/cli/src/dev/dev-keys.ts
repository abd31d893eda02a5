/** Single keys from a terminal. Elsewhere standard input is left alone. */

export type DevKey = "again" | "fork" | "tests" | "quit" | "interrupt";

const keys: Readonly<Record<string, DevKey>> = {
  r: "again",
  f: "fork",
  t: "tests",
  q: "quit",
  /** Ctrl-C, which a raw terminal gives as a character. */
  "\u0003": "interrupt",
};

/** The part of a terminal that is used. */
export interface KeySource {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
  on(event: "data", listener: (bytes: Buffer) => void): unknown;
  off(event: "data", listener: (bytes: Buffer) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

/** Calls `press` for every known key; returns the function that gives the terminal back. */
export function listenForKeys(source: KeySource, press: (key: DevKey) => void): () => void {
  if (source.isTTY !== true || source.setRawMode === undefined) return () => undefined;
  const listener = (bytes: Buffer): void => {
    for (const character of bytes.toString("utf8")) {
      const key = keys[character.toLowerCase()];
      if (key !== undefined) press(key);
    }
  };
  source.setRawMode(true);
  source.on("data", listener);
  source.resume();
  return () => {
    source.off("data", listener);
    source.setRawMode?.(false);
    source.pause();
  };
}
