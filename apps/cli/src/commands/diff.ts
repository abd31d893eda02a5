/** `diff A B`: the first tick and agent in which two runs differ, compact for people. */

import { diffRuns } from "@wasm-engine/engine";
import type {
  DiffReport,
  DifferenceKind,
  InputReport,
  MemoryDifference,
  PathDifference,
  SentMessage,
} from "@wasm-engine/engine";
import type { CommandFunction } from "../command.js";
import { shortened, visible } from "../visible.js";

/** Lines of one kind that are shown; `--json` has more. */
const linesShownMax = 8;
const kindTexts: Readonly<Record<DifferenceKind, string>> = {
  genesis: "they start differently",
  input: "other inputs",
  message: "it sends something else",
  memory: "its memory differs",
  fuel: "it uses other fuel",
  state: "its state differs",
  length: "one of the runs has ended",
  log: "a log that executing does not confirm",
};
/** Characters of one value that are shown. */
const valueCharactersMax = 160;

export const diff: CommandFunction = async ({ parsed, signal }) => {
  const [left = "", right = ""] = parsed.arguments;
  const report = await diffRuns(left, right, { signal });
  return { document: report, text: textOf(report), exitCode: report.equal ? 0 : 3 };
};

function textOf(report: DiffReport): string {
  const { equal, left, right, genesis, setup } = report;
  const ends = [`A ${left.runId}: ${left.ticks} ticks`, `B ${right.runId}: ${right.ticks} ticks`];
  const setupLines = section("outside of the chain", setup.map(pathLines));
  if (equal) return [`equal: ${left.ticks} ticks, chain head ${left.chainHead}`, ...setupLines].join("\n");
  return [
    `different: ${ends.join(", ")}`,
    ...section("at the start", genesis.map(pathLines)),
    ...setupLines,
    ...tickLines(report),
  ].join("\n");
}

function tickLines(report: DiffReport): readonly string[] {
  const { firstTick, agent, agents, what, divergence, fuel, memory } = report;
  if (firstTick === null) return ["no tick differs"];
  const named = agent === null ? "" : `, agent ${agent}`;
  const others = agents > 1 ? ` (and ${agents - 1} more)` : "";
  if (divergence !== undefined) {
    const { run, what: part, expected, actual } = divergence;
    const name = run === "left" ? "A" : "B";
    const head = `tick ${firstTick}: the log of ${name} is not what executing it gives: ${part}`;
    return [
      head,
      `  log       ${expected}`,
      `  executed  ${actual}`,
      `next: wasm-engine replay ${report[run].dir}`,
    ];
  }
  return [
    `tick ${firstTick}${named}${others}: ${what === null ? "" : kindTexts[what]}`,
    ...section(
      "inputs",
      report.inputs.map(({ left, right }) => sides(inputText(left), inputText(right))),
    ),
    ...section(
      "sent",
      report.messages.map(({ left, right }) => sides(sentText(left), sentText(right))),
    ),
    ...section("it says of itself", report.described.map(pathLines)),
    ...(memory === undefined ? [] : memoryLines(memory)),
    ...(fuel === undefined ? [] : [`  fuel so far: A ${fuel.left}, B ${fuel.right}`]),
  ];
}

function memoryLines({ address, page, offset, left, right, pages, leftBytes, rightBytes }: MemoryDifference) {
  const bytes = `A 0x${left.toString(16).padStart(2, "0")}, B 0x${right.toString(16).padStart(2, "0")}`;
  const sizes = leftBytes === rightBytes ? "" : `; sizes ${leftBytes} and ${rightBytes} bytes`;
  return [
    `  memory: ${pages} pages differ, first at ${address} (page ${page} + ${offset}): ${bytes}${sizes}`,
  ];
}

function section(name: string, entries: readonly (readonly string[])[]): readonly string[] {
  if (entries.length === 0) return [];
  const rest = entries.length - linesShownMax;
  const more = rest > 0 ? [`    and ${rest} more: --json shows them`] : [];
  const lines = entries.slice(0, linesShownMax).flatMap((entry) => entry.map((line) => `    ${line}`));
  return [`  ${name}:`, ...lines, ...more];
}

function pathLines({ path, left, right }: PathDifference): readonly string[] {
  const [ours, theirs] = [left, right].map((value) =>
    value === undefined ? "-" : shortened(JSON.stringify(value), valueCharactersMax),
  );
  return [`${visible(path)}: A ${ours ?? "-"}  B ${theirs ?? "-"}`];
}

function sides(left: string, right: string): readonly string[] {
  return [`A ${left}`, `B ${right}`];
}

function inputText(input: InputReport | undefined): string {
  if (input === undefined) return "-";
  const { seq, kind, agent, topic, payload } = input;
  const place = [agent === undefined ? "" : ` to ${agent}`, topic === undefined ? "" : ` on ${topic}`].join(
    "",
  );
  const content = payload === undefined ? "" : `: ${JSON.stringify(payload)}`;
  return shortened(`input ${seq} ${kind}${place}${content}`, valueCharactersMax);
}

function sentText(sent: SentMessage | undefined): string {
  if (sent === undefined) return "-";
  const { kind, topic, payload } = sent.message;
  const about = topic === "" ? "" : ` on ${topic}`;
  return shortened(`${kind} to ${sent.to}${about}: ${JSON.stringify(payload)}`, valueCharactersMax);
}
