/**
 * A world that is given inputs as fast as it acknowledges them: over its control socket and by the library, one by one
 * and in batches, durability `sync`. What was acknowledged is then proved: every agent counted what it was sent, no sequence was given twice, and a
 * replay of the run verifies.
 */

import { Engine, replayRun } from "wasm-engine";
import type { Acknowledgement, ConnectedWorld, RunningWorld } from "wasm-engine";
import { measureLoad } from "./input-load.js";
import type { LoadFigure, LoadPlan, SendInputs } from "./input-load.js";
import { createWorldFolder } from "./world-folder.js";
import type { WorldFolder } from "./world-folder.js";

/** Bytes of one payload. */
export const inputBytes = 200;
const agents = 50;

export interface InputForm {
  readonly way: "socket" | "library";
  /** Calls under way at any time. */
  readonly inFlight: number;
  /** Inputs of one call; default 1. */
  readonly batch?: number;
  /** Connections that the lanes are spread over. */
  readonly connections?: number;
}

export interface InputFigure extends LoadFigure {
  readonly name: string;
  readonly way: InputForm["way"];
}

export interface InputWorldFigure {
  readonly figures: readonly InputFigure[];
  /** Inputs acknowledged in the whole run, warming up included. */
  readonly acknowledged: number;
  readonly ticks: number;
  readonly logBytesPerInput: number;
  /** `equal`, or how what the agents counted differs from what was acknowledged. */
  readonly counted: string;
  readonly replay: "identical" | "different";
  readonly ok: boolean;
}

export interface InputWorldPlan extends Pick<LoadPlan, "warmUpMs" | "windowMs"> {
  readonly forms: readonly InputForm[];
  readonly workers: number | undefined;
  /** Figures mean nothing: the compiled agent will do. */
  readonly quick: boolean;
  readonly keep: boolean;
}

/** Every acknowledgement of the run. */
class Ledger {
  count = 0;
  readonly #seqs = new Set<number>();
  problem: string | undefined;

  note({ seq, durability, duplicate }: Acknowledgement): void {
    this.count += 1;
    if (this.#seqs.has(seq)) this.problem ??= `input ${seq} was acknowledged twice`;
    this.#seqs.add(seq);
    if (durability !== "sync") this.problem ??= `input ${seq} was acknowledged as ${durability}`;
    if (duplicate === true) this.problem ??= `input ${seq} was taken for a duplicate`;
  }
}

export async function measureInputWorld(plan: InputWorldPlan): Promise<InputWorldFigure> {
  const folder = createWorldFolder({
    name: "inputs",
    agent: "tally",
    agents,
    prebuilt: plan.quick,
    columns: [],
    row: () => [],
    entry: [],
  });
  try {
    return await measureIn(folder, plan);
  } finally {
    if (!plan.keep) folder.remove();
  }
}

async function measureIn(folder: WorldFolder, plan: InputWorldPlan): Promise<InputWorldFigure> {
  const world = await Engine.open(folder.config, {
    dir: folder.runFolder("measured"),
    durability: "sync",
    start: "live",
    ...(plan.workers === undefined ? {} : { workers: plan.workers }),
  });
  const ledger = new Ledger();
  const figures: InputFigure[] = [];
  const { warmUpMs, windowMs } = plan;
  const measured = async (form: InputForm, load: Omit<LoadPlan, "inFlight">): Promise<LoadFigure> => {
    const open = await openWay(form, world, ledger);
    const figure = await measureLoad(open.send, { inFlight: form.inFlight, ...load });
    await open.close();
    return figure;
  };
  // Every way once, before any of them counts: else the first row would show how long a world takes to warm up.
  for (const form of plan.forms) await measured(form, { warmUpMs: 0, windowMs: warmUpMs });
  for (const form of plan.forms) {
    const figure = await measured(form, { warmUpMs, windowMs });
    figures.push({ name: nameOf(form), way: form.way, ...figure });
  }
  const { agents: reports } = await world.inspect({ describe: true });
  const result = await world.stop();
  await world.close();
  const counts = reports.map(({ describe }) => describe as { count: number; bytes: number }); // worlds/tally
  const counted = compareCounts(counts, ledger);
  const { verified } = await replayRun(result.dir);
  return {
    figures,
    acknowledged: ledger.count,
    ticks: result.ticks,
    logBytesPerInput: Math.round(folder.logBytes("measured") / Math.max(1, ledger.count)),
    counted,
    replay: verified ? "identical" : "different",
    ok: verified && counted === "equal" && result.faults === 0,
  };
}

function compareCounts(
  counts: readonly { readonly count: number; readonly bytes: number }[],
  ledger: Ledger,
): string {
  if (ledger.problem !== undefined) return ledger.problem;
  const count = counts.reduce((sum, agent) => sum + agent.count, 0);
  const bytes = counts.reduce((sum, agent) => sum + agent.bytes, 0);
  if (count !== ledger.count) return `${count} counted, ${ledger.count} acknowledged`;
  return bytes === count * inputBytes ? "equal" : `${bytes} bytes in ${count} messages`;
}

function nameOf({ way, inFlight, batch = 1, connections = 1 }: InputForm): string {
  const over = way === "library" ? "library" : `control socket, ${connections} connection`;
  const calls = batch === 1 ? "" : ` batches of ${batch.toLocaleString("en")}`;
  return `${over}${connections > 1 ? "s" : ""}, ${inFlight}${calls} in flight`;
}

interface OpenWay {
  readonly send: SendInputs;
  close(): Promise<void>;
}

type Senders = readonly Pick<RunningWorld | ConnectedWorld, "send" | "sendMany">[];

async function openWay(form: InputForm, world: RunningWorld, ledger: Ledger): Promise<OpenWay> {
  if (form.way === "library") {
    const payload = new Uint8Array(inputBytes).fill(7);
    return { send: sendingBy([world], { payload, form, ledger }), close: () => Promise.resolve() };
  }
  const connected: ConnectedWorld[] = [];
  for (let count = 0; count < (form.connections ?? 1); count += 1)
    connected.push(await Engine.connect(world.dir));
  const text = "a".repeat(inputBytes - 2); // as JSON with its quotes
  const send = sendingBy(connected, { payload: text, form, ledger });
  return { send, close: async () => void (await Promise.all(connected.map((each) => each.close()))) };
}

interface Sending {
  readonly payload: string | Uint8Array;
  readonly form: InputForm;
  readonly ledger: Ledger;
}

function sendingBy(worlds: Senders, { payload, form, ledger }: Sending): SendInputs {
  const { batch = 1 } = form;
  let next = 0;
  const receiver = (): string => `s${(next += 1) % agents}`;
  return async (lane) => {
    const world = worlds[lane % worlds.length];
    if (world === undefined) return 0;
    if (batch === 1) {
      ledger.note(await world.send(receiver(), payload));
      return 1;
    }
    const messages = Array.from({ length: batch }, () => ({ agentId: receiver(), payload }));
    for (const sent of await world.sendMany(messages)) {
      if ("error" in sent) throw sent.error;
      ledger.note(sent);
    }
    return batch;
  };
}
