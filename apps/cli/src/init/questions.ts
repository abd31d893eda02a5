/** Asks on a terminal what the command line has not said. Every question has a default; Ctrl-C and Ctrl-D end it. */

import { createInterface } from "node:readline";
import { fail } from "./errors.js";
import { templates } from "./template.js";

export interface Terminal {
  readonly input: NodeJS.ReadableStream;
  /** Questions go where notes go: standard output is for the result. */
  readonly output: NodeJS.WritableStream;
  readonly signal: AbortSignal;
}

export interface Answers {
  readonly folder: string;
  readonly template: string;
  readonly install: boolean;
}

export interface Asked {
  /** What the command line has said, which is not asked for. */
  readonly given: Partial<Answers>;
  readonly defaults: Answers;
  /** Why a folder cannot be taken; undefined where it can. */
  readonly refusal: (folder: string) => string | undefined;
}

/** @throws {WE_INIT_INTERRUPTED} */
export async function askQuestions(asked: Asked, terminal: Terminal): Promise<Answers> {
  const lines = new LineReader(terminal);
  try {
    return {
      folder: asked.given.folder ?? (await askFolder(lines, asked)),
      template: asked.given.template ?? (await askTemplate(lines, asked.defaults.template)),
      install:
        asked.given.install ?? !/^no?$/i.test(await lines.ask("Install packages with npm now? (Y/n): ")),
    };
  } finally {
    lines.close();
  }
}

async function askFolder(lines: LineReader, { defaults, refusal }: Asked): Promise<string> {
  for (;;) {
    const folder = (await lines.ask(`Folder (${defaults.folder}): `)) || defaults.folder;
    const problem = refusal(folder);
    if (problem === undefined) return folder;
    lines.tell(`  ${problem}`);
  }
}

/** By number or name, again until it is one of them. */
async function askTemplate(lines: LineReader, preset: string): Promise<string> {
  const width = Math.max(...templates.map(({ name }) => name.length));
  lines.tell("Template:");
  templates.forEach(({ name, summary }, index) =>
    lines.tell(`  ${index + 1}  ${name.padEnd(width)}  ${summary}`),
  );
  for (;;) {
    const answer = (await lines.ask(`Number or name (${preset}): `)) || preset;
    const chosen = templates.find(({ name }, index) => answer === name || answer === String(index + 1));
    if (chosen !== undefined) return chosen.name;
    lines.tell(`  there is no template ${JSON.stringify(answer)}`);
  }
}

/** Lines that are typed ahead, or pasted, answer the questions that follow. */
class LineReader {
  readonly #reading: ReturnType<typeof createInterface>;
  readonly #terminal: Terminal;
  readonly #typed: string[] = [];
  #isEnded = false;
  #wake: () => void = () => undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    const isTerminal = "isTTY" in terminal.output && terminal.output.isTTY === true;
    this.#reading = createInterface({ input: terminal.input, output: terminal.output, terminal: isTerminal });
    this.#reading.on("line", (line) => {
      this.#typed.push(line.trim());
      this.#wake();
    });
    this.#reading.once("SIGINT", this.#end).once("close", this.#end);
    terminal.signal.addEventListener("abort", this.#end, { once: true });
    if (terminal.signal.aborted) this.#end();
  }

  readonly #end = (): void => {
    this.#isEnded = true;
    this.#wake();
  };

  /** The next line without blanks around it. @throws {WE_INIT_INTERRUPTED} where there is none. */
  async ask(question: string): Promise<string> {
    if (this.#typed.length === 0 && !this.#isEnded) {
      this.#reading.setPrompt(question);
      this.#reading.prompt();
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const line = this.#typed.shift();
    if (line !== undefined) return line;
    this.tell("");
    throw fail("WE_INIT_INTERRUPTED");
  }

  tell(line: string): void {
    this.#terminal.output.write(`${line}\n`);
  }

  close(): void {
    this.#terminal.signal.removeEventListener("abort", this.#end);
    this.#reading.off("close", this.#end);
    this.#reading.close();
  }
}
