/** What a dev session tells, as lines for people. Knows nothing of streams and keys. */

import { unreachable } from "@wasm-engine/abi";
import type { DevEvent, DevFailure, DevPlan, ObservedTick, RunResult } from "@wasm-engine/engine";
import { relative } from "node:path";
import { toolLineText } from "../tool-line.js";
import { visible } from "../visible.js";
import { differenceText } from "./difference-text.js";
import type { Paint } from "./paint.js";

/** Lines of one failure: its words and the top of its stack. */
const failureLinesMax = 6;

export interface ViewOptions {
  readonly paint: Paint;
  /** Folder that paths are shown relative to. */
  readonly directory: string;
  /** Keys can be pressed. */
  readonly hasKeys: boolean;
}

/** The lines of one event; none for what is not for people. */
export function linesOf(event: DevEvent, options: ViewOptions): readonly string[] {
  const { paint, directory } = options;
  switch (event.kind) {
    case "changed":
      return [
        "",
        `${label("saved", paint)} ${event.paths.map((path) => relative(directory, path)).join(", ")}`,
      ];
    case "built":
      return [
        `${label("built", paint)} ${event.names.length === 0 ? "nothing to compile" : event.names.join(", ")}`,
      ];
    case "refused":
      return refusalLines(event.error, paint);
    case "unchanged":
      return [`${label("same", paint)} nothing that a run would notice has changed`];
    case "warning":
      return [`${paint("yellow", "warning")}: ${visible(event.text)}`];
    case "planned":
      return planLines(event.plan, paint);
    case "started":
      return [`${label("run", paint)} ${event.runId} in ${relative(directory, event.dir) || event.dir}`];
    case "observed":
      return observedLines(event.observed, paint);
    case "tool-line":
      return [toolLineText(event.line)];
    case "ended":
      return endLines(event, paint);
    case "verified":
      return verifiedLines(event.replay, paint);
    case "difference":
      return differenceText(event.difference, paint);
    case "watching":
      return watchingLines(event.files, options);
    case "progress":
    case "cycle":
      return [];
    default:
      return unreachable(event);
  }
}

function label(word: string, paint: Paint): string {
  return paint("dim", word.padEnd(9));
}

function refusalLines(
  error: { code: string; message: string; hint: string | undefined },
  paint: Paint,
): string[] {
  return [
    `${paint("red", `error[${error.code}]`)}: ${visible(error.message)}`,
    ...(error.hint === undefined ? [] : [`${paint("cyan", "hint")}: ${visible(error.hint)}`]),
  ];
}

function planLines(plan: DevPlan, paint: Paint): readonly string[] {
  if (plan.how === "new") {
    const why = {
      first: "first run",
      asked: "from the start, as asked",
      changed: `from the start: ${plan.what.join(", ")} changed`,
      refused: "from the start, because the fork was refused",
    }[plan.why];
    return [`${label("plan", paint)} ${why}`];
  }
  const { failure, at, because } = plan;
  const code = plan.modules.length === 0 ? "the same code" : `new ${plan.modules.join(", ")}`;
  const held =
    because.length === 0 ? "" : `; further back because something of ${because.join(", ")} was pending`;
  if (at < 0) return [`${label("plan", paint)} from the start with ${code} and recorded answers${held}`];
  if (failure === undefined)
    return [`${label("forked", paint)} at tick ${at}, where the world stood, with ${code}`];
  const goal = `before agent ${failure.agentId} failed at tick ${failure.tick}`;
  return [`${label("forked", paint)} at tick ${at}, ${goal}, with ${code}${held}`];
}

function observedLines(
  { tick, lines, faults, exits, dropped }: ObservedTick,
  paint: Paint,
): readonly string[] {
  const at = (agentId: string): string =>
    `${paint("dim", String(tick).padStart(6))}  ${paint("bold", agentId)}`;
  return [
    ...(dropped === 0 ? [] : [paint("dim", `        and ${dropped} lines more; logs shows them`)]),
    ...lines.map(({ agentId, level, text }) => {
      const said = visible(text, " ".repeat(10));
      return `${at(agentId)}  ${level === "info" ? "" : `${level}: `}${coloured(level, said, paint)}`;
    }),
    ...faults.map(({ agentId, code, guestCode, detail }) => {
      const named = guestCode === 0 ? code : `${code} ${guestCode}`;
      return `${at(agentId)}  ${paint("red", `fault ${named}`)}${detail === "" ? "" : `: ${firstLines(detail)}`}`;
    }),
    ...exits
      .filter(({ code }) => code !== 0)
      .map(({ agentId, code }) => `${at(agentId)}  ${paint("red", `ended with code ${code}`)}`),
  ];
}

function coloured(level: string, text: string, paint: Paint): string {
  if (level === "error") return paint("red", text);
  if (level === "warn") return paint("yellow", text);
  return level === "debug" ? paint("dim", text) : text;
}

function firstLines(detail: string): string {
  const lines = detail.split("\n");
  const shown = lines.slice(0, failureLinesMax).join("\n");
  return visible(lines.length > failureLinesMax ? `${shown}\n…` : shown, " ".repeat(10));
}

function endLines(
  { result, failures, earlier }: Extract<DevEvent, { readonly kind: "ended" }>,
  paint: Paint,
): readonly string[] {
  const { reason, ticks, agents, messages, faults, wallMs, chainHead } = result;
  const counts = `${agents} agents, ${messages} messages, ${faults} faults, ${wallMs} ms`;
  return [
    `${label("ended", paint)} ${reason} after ${ticks} ticks: ${counts}`,
    `${label("head", paint)} ${chainHead}`,
    ...answerLines(result, paint),
    ...(earlier === undefined ? [] : [earlierLine(earlier, paint)]),
    ...failures.slice(0, 1).map((failure) => `${paint("red", "failed".padEnd(9))} ${failureText(failure)}`),
    ...(failures.length > 1 ? [`${" ".repeat(9)} and ${failures.length - 1} more failures`] : []),
  ];
}

/** Answers of models and tools: what an earlier run had recorded is not asked again. */
function answerLines({ answers: { reused, asked } }: RunResult, paint: Paint): readonly string[] {
  return reused + asked === 0 ? [] : [`${label("answers", paint)} ${reused} reused, ${asked} asked anew`];
}

function earlierLine(
  { failure, isGone }: { readonly failure: DevFailure; readonly isGone: boolean },
  paint: Paint,
): string {
  const what = `the failure of agent ${failure.agentId} at tick ${failure.tick}`;
  return isGone
    ? `${paint("green", "gone".padEnd(9))} ${what}`
    : `${paint("red", "still".padEnd(9))} ${what} is there again`;
}

function failureText({ kind, agentId, tick, code, detail }: DevFailure): string {
  if (kind === "exit") return `agent ${agentId} ended with code ${code} at tick ${tick}`;
  const [, cause = ""] = detail.split("\n");
  const place = /\(([^()\s]+:\d+)\)|at ([^()\s]+:\d+)/.exec(detail);
  const where = place === null ? "" : ` at ${place[1] ?? place[2] ?? ""}`;
  return `agent ${agentId} faulted at tick ${tick}: ${code}${cause === "" ? "" : `, ${visible(cause.trim())}`}${where}`;
}

function verifiedLines(
  { verified, ticks, firstDivergence }: Extract<DevEvent, { readonly kind: "verified" }>["replay"],
  paint: Paint,
): readonly string[] {
  if (verified) return [`${label("replay", paint)} identical (${ticks} ticks)`];
  const { tick = "?", agent, what = "?" } = firstDivergence ?? {};
  const place = `tick ${tick}${agent === undefined ? "" : `, agent ${agent}`}`;
  return [
    paint("red", `replay    DIVERGED at ${place}: ${what}`),
    "          the run does not repeat itself: this is a defect of the engine or of the machine; keep the run folder",
  ];
}

function watchingLines(files: number, { paint, hasKeys }: ViewOptions): readonly string[] {
  const keys = hasKeys ? " · r run again · f fork before the failure · t tests · q quit" : "; Ctrl-C ends";
  return [`${label("watching", paint)} ${files} files${keys}`];
}
