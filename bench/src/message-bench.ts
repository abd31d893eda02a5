/** The message benchmark: this engine at every size, the forms without an engine beside it, and what both amount to. */

import type { BenchOptions, Say } from "./bench-options.js";
import { figureTable, digits, rate } from "./figure-table.js";
import { instanceRing } from "./limits/instance-ring.js";
import { slabRing } from "./limits/slab-ring.js";
import { batchRing, postMessageRing, sharedRing } from "./limits/threaded-rings.js";
import { timeRing } from "./limits/timed-ring.js";
import type { LimitFigure, RingForm } from "./limits/timed-ring.js";
import { headLine, machineFacts } from "./machine.js";
import type { MachineFacts } from "./machine.js";
import { measureRing } from "./ring-world.js";
import type { RingAgent, RingFigure } from "./ring-world.js";

/** The size that the headline figure is taken at. */
const headlineAgents = 1000;

const postMessageName = "2 workers, one postMessage per message through the main thread";
const forms: readonly { readonly name: string; readonly form: RingForm }[] = [
  { name: postMessageName, form: postMessageRing },
  { name: "2 workers, one transferred buffer per worker and tick", form: batchRing },
  { name: "2 workers, shared memory and atomics per tick", form: sharedRing },
  { name: "bare instances of the same module, host copies in and out", form: instanceRing },
  { name: "typed-array loop, 64 B copied per hop", form: slabRing },
];

export interface MessageDocument {
  readonly bench: "messages";
  readonly machine: MachineFacts;
  /** At 1 000 agents, or the largest size measured where that one was not. */
  readonly messagesPerSecond: number;
  /** Against actors on two workers with one postMessage per message, same size, same run; median of its rounds. */
  readonly ratioToPostMessage: number;
  readonly headlineAgents: number;
  readonly sizes: readonly RingFigure[];
  /** The same agent written with the objects of the AssemblyScript SDK, at the headline's size. */
  readonly withSdk?: RingFigure;
  readonly limits: readonly LimitFigure[];
  readonly quick: boolean;
  readonly ok: boolean;
}

export async function measureMessages(options: BenchOptions, say: Say): Promise<MessageDocument> {
  const machine = machineFacts();
  say(headLine("messages", machine, { quick: options.quick }));
  const sizes: RingFigure[] = [];
  const limits: LimitFigure[] = [];
  let withSdk: RingFigure | undefined;
  for (const stations of options.sizes) {
    const targetMs = options.quick ? 1 : 2000;
    // Before and after the engine's window: a machine that changes its pace in between shows.
    const postMessage = [
      await timeRing({ name: postMessageName, form: postMessageRing }, { stations, targetMs }),
    ];
    sizes.push(await measureSize("ring-plain", stations, { options, say }));
    if (stations === headlineAgents) withSdk = await measureSize("ring", stations, { options, say });
    for (const { name, form } of forms) {
      const figure = await timeRing({ name, form }, { stations, targetMs });
      if (form === postMessageRing) postMessage.push(figure);
      else limits.push(figure);
    }
    postMessage.push(
      await timeRing({ name: postMessageName, form: postMessageRing }, { stations, targetMs }),
    );
    limits.push(median(postMessage));
  }
  const headline = sizes.find(({ agents }) => agents === headlineAgents) ?? sizes.at(-1);
  const compared = limits.find(({ name, agents }) => name === postMessageName && agents === headline?.agents);
  const messagesPerSecond = headline?.messagesPerSecond ?? 0;
  return {
    bench: "messages",
    machine,
    messagesPerSecond,
    ratioToPostMessage: Number(digits(messagesPerSecond / (compared?.messagesPerSecond ?? Infinity))),
    headlineAgents: headline?.agents ?? 0,
    sizes,
    ...(withSdk === undefined ? {} : { withSdk }),
    limits,
    quick: options.quick,
    ok: sizes.every(({ ok }) => ok) && withSdk?.ok !== false && limits.every(({ ok }) => ok),
  };
}

async function measureSize(
  agent: RingAgent,
  stations: number,
  { options, say }: { readonly options: BenchOptions; readonly say: Say },
): Promise<RingFigure> {
  const { quick, workers, keep } = options;
  const figure = await measureRing({
    agent,
    stations,
    warmUpMs: quick ? 1 : 2000,
    windowMs: quick ? 1 : 5000,
    ticksMin: quick ? 2 : 64,
    syncsMin: quick ? 0 : 3,
    workers,
    keep,
  });
  const { checks, messagesPerSecond, windowMs } = figure;
  say(
    `  ${agent}, ${stations} agents: ${rate(messagesPerSecond)} messages/s over ${digits(windowMs / 1000)} s, ` +
      `simulation ${checks.simulation}, replay ${checks.replay}, one worker ${checks.oneWorker}`,
  );
  return figure;
}

function median(figures: readonly LimitFigure[]): LimitFigure {
  const sorted = [...figures].sort((left, right) => left.messagesPerSecond - right.messagesPerSecond);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new RangeError("there is no median of nothing");
  return { ...middle, ok: figures.every(({ ok }) => ok) };
}

export function messageTables(document: MessageDocument): string {
  const { sizes, limits } = document;
  const counts = sizes.map(({ agents }) => agents);
  const cells = (find: (agents: number) => string): string[] => counts.map(find);
  const limitAt = (name: string, agents: number): LimitFigure | undefined =>
    limits.find((figure) => figure.name === name && figure.agents === agents);
  const rows = [
    [
      "wasm-engine, everything on, durable",
      ...cells((agents) => rate(sizes.find((figure) => figure.agents === agents)?.messagesPerSecond)),
    ],
    [
      "the same with an agent of SDK objects",
      ...cells((agents) => rate(agents === headlineAgents ? document.withSdk?.messagesPerSecond : undefined)),
    ],
    ...forms.map(({ name }) => [name, ...cells((agents) => rate(limitAt(name, agents)?.messagesPerSecond))]),
  ];
  const facts = sizes.map(({ agents, ticksPerSecond, syncs, windowMs, workers, ok }) => [
    String(agents),
    rate(ticksPerSecond),
    digits(windowMs / 1000),
    String(syncs),
    String(workers),
    ok ? "proved" : "FAILED",
  ]);
  return [
    "",
    figureTable(["messages per second", ...counts.map((agents) => `${agents} agents`)], rows),
    "",
    figureTable(["agents", "ticks/s", "window s", "syncs", "workers", "replay and checks"], facts),
    "",
    `  messagesPerSecond ${document.messagesPerSecond} at ${document.headlineAgents} agents, ` +
      `ratioToPostMessage ${document.ratioToPostMessage}`,
  ].join("\n");
}
