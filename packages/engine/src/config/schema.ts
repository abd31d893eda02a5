/**
 * JSON Schema of engine.yaml, version 1: the single source of truth. It validates, it is published as
 * apps/cli/schema/engine.v1.json for editors, and its descriptions and defaults are the reference page.
 * What a schema cannot say (references, uniqueness, sums) is checked by the modules beside this one.
 */

import { limits } from "@wasm-engine/abi";
import { tenantNameBytesMax } from "@wasm-engine/core";
import { inferenceBytesMax } from "../inference/limits.js";
import { agentsCeiling, shardsMax, tickMillisMax } from "./limits.js";
import { model } from "./model-schema.js";
import {
  anyName,
  delivery,
  idPattern,
  integer,
  list,
  map,
  named,
  providers,
  text,
  textOrMap,
} from "./schema-parts.js";
import type { Schema } from "./schema-parts.js";
import { tenantNamePattern } from "./tenant-shares.js";
import { tool } from "./tool-schema.js";

const agentLimits = {
  fuelPerSlice: {
    ...integer("Fuel of one turn in one tick. Fuel is counted exactly, per instruction.", 1000),
    default: limits.fuelPerSliceDefault,
  },
  fuelPerTurnMax: integer(
    "Fuel after which a turn faults with OUT_OF_FUEL. Larger than fuelPerSlice: the turn may take several ticks. " +
      "Default: fuelPerSlice.",
    1000,
  ),
  memoryBytes: {
    ...integer(
      "Linear memory of the agent, a multiple of 65536.",
      limits.wasmPageBytes,
      4 * 1024 * 1024 * 1024,
    ),
    multipleOf: limits.wasmPageBytes,
    default: limits.memoryBytesMaxDefault,
  },
  mailboxMessages: {
    ...integer("Messages that may wait for the agent; more are refused to their senders.", 1, 1_000_000),
    default: limits.mailboxMessagesMaxDefault,
  },
  messagesPerTurnMax: {
    ...integer("Messages that the agent may send or publish in one turn.", 0, 1_000_000),
    default: limits.messagesPerTurnMaxDefault,
  },
};

/** Without defaults: an absent limit of a ceiling bounds nothing. */
const ceilingLimits: Record<string, Schema> = Object.fromEntries(
  Object.entries<Schema>(agentLimits).map(([name, { default: _default, ...schema }]) => [name, schema]),
);

const grants = (what: string): Schema =>
  list(
    `${what} "*" grants all, a trailing * matches a prefix. Default: none.`,
    text("A name or pattern.", 255),
  );

const capabilities = map("What the agent may reach. Deny by default.", {
  send: grants("Agents that it may send to."),
  topics: grants("Topics that it may publish to, join and leave."),
  models: grants("Models that it may ask."),
  tools: grants("Tools that it may call."),
  spawn: grants("Modules that it may start children from."),
});

const onFault = map(
  "What happens when an invocation faults: its effects are dropped and its message becomes a dead letter first.",
  {
    strategy: {
      description:
        "restart goes on, stop ends the agent, escalate asks its supervisor (at the top: the run ends).",
      enum: ["restart", "stop", "escalate"],
      default: "stop",
    },
    from: {
      description: "good: the state before the fault; fresh: new memory, started again.",
      enum: ["good", "fresh"],
      default: "good",
    },
    max: { ...integer("Restarts within withinTicks; one more stops the agent.", 0), default: 3 },
    withinTicks: { ...integer("The window of max, in ticks.", 1), default: 1000 },
  },
  ["strategy"],
);

const agent = map(
  "An agent, or with `each` one agent per row of a table.",
  {
    each: text(
      "CSV or JSON Lines file: one agent per row. Texts of this entry may use {column}; write {{ for a brace.",
    ),
    id: text("Identity of the agent: 1 to 63 letters, digits, dots, underscores, hyphens. Unique.", 255),
    module: text("Name of a module in `modules`.", 255),
    args: {
      description:
        "Any value; arrives as the agent's first message (kind start). A text that is one {column} alone takes the " +
        "value of the cell, a number where it is one.",
    },
    tenant: { ...text("Name of a tenant in `tenants`.", 255), default: "default" },
    priority: { ...integer("Higher runs first under policy priority.", -1_000_000, 1_000_000), default: 0 },
    every: { ...integer("Cadence in ticks: agent_step is called without a task. 0: never.", 0), default: 0 },
    channels: list("Topics joined from the first tick on.", text("A topic.", limits.topicBytesMax), 1000),
    capabilities,
    limits: map("Limits of this agent; see `limits` for the defaults.", agentLimits),
    onFault,
  },
  ["id", "module"],
);

/** An agent that is started in a running world. */
export const agentSpecSchema: Schema = { ...agent, properties: withoutTable(agent) };

function withoutTable({ properties }: Schema): Record<string, unknown> {
  // `map` has made it of these.
  return Object.fromEntries(Object.entries(properties as object).filter(([name]) => name !== "each"));
}

const field = textOrMap("The field to take, or {field, type} to say what it is.", "field", {
  field: text("Column of a CSV file or member of a JSON record.", 255),
  type: {
    description:
      "auto: a CSV cell that is written like a number is one; text: always text; number: a number or an error.",
    enum: ["auto", "text", "number"],
    default: "auto",
  },
});

const input = map(
  "A file whose records become inputs, or standard input.",
  {
    file: text("Path of a .csv, .jsonl or .ndjson file, also with .gz; `-` is standard input (JSON Lines)."),
    format: { description: "Default: by the extension.", enum: ["csv", "jsonl"] },
    at: textOrMap(
      "Field with the time of the record: ISO 8601 (UTC where no zone is given) or epoch milliseconds. A field " +
        "called tick holds tick numbers. Absent: one record per tick, or for `-` as they come.",
      "field",
      {
        field: text("Name of the field.", 255),
        unit: { description: "What it holds.", enum: ["time", "tick"], default: "time" },
      },
    ),
    to: text("Receiver: an agent id, may use {field}. Absent: the record is published on the topic."),
    topic: text("Topic of the message, may use {field}."),
    fields: {
      description:
        "What the payload holds: a list of fields, or a map of payload members and the fields they come from. " +
        "Absent: the whole record.",
      type: ["array", "object"],
      items: text("A field.", 255),
      uniqueItems: true,
      minItems: 1,
      maxItems: 1000,
      additionalProperties: field,
      minProperties: 1,
    },
    key: text(
      "Idempotency key, may use {field}: a second record with the same key is ignored for retainTicks.",
    ),
  },
  ["file", "topic"],
);

const output = map(
  "A JSON Lines file with what agents publish on a topic, from committed ticks, exactly once over crashes.",
  {
    topic: text("Topic; a trailing * collects every topic with that prefix.", limits.topicBytesMax),
    file: text("Path of the file; its folder is created."),
  },
  ["topic", "file"],
);

const clock = map("The virtual clock: time = epoch + tick × tickMs.", {
  tickMs: {
    description: "Virtual milliseconds of one tick, at most six decimals.",
    type: "number",
    exclusiveMinimum: 0,
    maximum: tickMillisMax,
    default: 100,
  },
  epoch: { ...text("Virtual time of tick 0, ISO 8601.", 64), default: "1970-01-01T00:00:00Z" },
});

const stop = map("When the run is over.", {
  when: {
    description:
      "idle: nothing is due and every input is used; inputs-done: the last input was executed; tick: at `tick`; " +
      "never: it is told to stop (Ctrl-C, or the verb stop); or the text `agent ID exits`.",
    type: "string",
    pattern: "^(idle|inputs-done|tick|never|agent [A-Za-z0-9][A-Za-z0-9._-]{0,62} exits)$",
    default: "idle",
  },
  tick: integer("With `when: tick`: the first tick that is not executed any more.", 1),
  maxTicks: integer("The run ends here at the latest.", 1),
});

const module = textOrMap(
  "A .wasm file (signed), or a source that is built: .ts (AssemblyScript, or JavaScript where it imports " +
    "wasm-engine/agent), .js, .c.",
  "path",
  {
    path: text("Path of the module."),
    digest: {
      description:
        "SHA-256 that the built module must have, as `build` prints it. A .wasm file with it needs no signature.",
      type: "string",
      pattern: "^[0-9a-f]{64}$",
    },
  },
);

const inference = map("What holds for every model.", {
  providers: {
    ...providers(
      "Execution providers, tried in order; reports name the one that runs and why others do not. Only wasm gives " +
        "the same bits on every machine.",
    ),
    default: ["wasm"],
  },
  delivery: delivery(
    "lockstep: the tick at which an answer is due waits for it; recorded: nothing waits, the log says when it came. " +
      "Default: lockstep, with --realtime recorded.",
  ),
  strict: {
    description: "A model runs on the first of its providers, or the run ends with exit code 4.",
    type: "boolean",
    default: false,
  },
  weightBytesMax: integer(
    "Bytes of weights in memory per thread of models. Those used longest ago give way and are read again; pinned " +
      "ones do not. Default: 2 GiB.",
    1,
    inferenceBytesMax,
  ),
  kvBytesMax: integer(
    "Bytes of keys and values of texts under way, per model that writes texts; further texts wait. Default: 1 GiB.",
    1,
    inferenceBytesMax,
  ),
});

const exportNamePattern = "^[A-Za-z_][A-Za-z0-9_.-]{0,254}$";

const invariant = map(
  "Something that must hold after every tick. It is read from copies of agents and changes nothing; where it is " +
    "false, the run ends with exit code 1.",
  {
    name: { description: "Name in reports. Unique.", type: "string", pattern: idPattern },
    agent: text(
      "Id of the agent that it is about; a trailing * matches a prefix. Default: all, where it is about one.",
      255,
    ),
    expression: text(
      "What must not be false: `state.balance >= 0` of an agent, `sum(agents, state.balance) == 9` of the world.",
      4096,
    ),
    function: {
      description:
        "A function without parameters that modules of agents export, called on copies: it returns 0 or faults where " +
        "something does not hold. Instead of an expression.",
      type: "string",
      pattern: exportNamePattern,
    },
    every: { ...integer("Ticks between checks.", 1), default: 1 },
  },
  ["name"],
);

const tenantName: Schema = {
  pattern: tenantNamePattern,
  description: `1 to ${tenantNameBytesMax} letters, digits, underscores, hyphens, the first a letter or digit`,
};

const tenant = map(
  "Shares of one tenant, reserved in every tick. Children of its agents have ids that start with its name and a dot.",
  {
    fuelPerTick: integer("Fuel reserved per tick.", 1),
    turnsPerTick: integer("Turns reserved per tick; the sum over tenants is at most turnsPerTickMax.", 1),
    messagesPerTick: integer(
      "Messages reserved per tick, sent and published. A turn is planned when the tenant has credit for " +
        "messagesPerTurnMax of its agent; what the turn did not send comes back. Default: what turnsPerTick turns " +
        "of its most talkative agent may send.",
      1,
    ),
    agentsMax: integer(
      "Live agents of the tenant; the sum over tenants is at most agentsMax of the world. Default: its own agents of " +
        "this file and an equal part of the places that are left.",
      1,
      agentsCeiling,
    ),
    share: {
      description: "elastic may use what others leave; then the timing of one tenant can show in another.",
      enum: ["reserved", "elastic"],
      default: "reserved",
    },
  },
  ["fuelPerTick", "turnsPerTick"],
);

const trustKey = textOrMap("A public key: a file, or 64 hexadecimal digits; or {key, ceiling}.", "key", {
  key: text("File of the public key, or 64 hexadecimal digits."),
  ceiling: map("The most that agents of modules with this signature may be granted. Absent: everything.", {
    send: grants("Agents that they may send to."),
    topics: grants("Topics that they may publish to, join and leave."),
    models: grants("Models that they may ask."),
    tools: grants("Tools that they may call."),
    spawn: grants("Modules that they may start children from."),
    limits: map("The highest limits. Absent: no bound.", ceilingLimits),
  }),
});

const trust = map("Whose modules may run, besides those built and signed here.", {
  keys: {
    description: "Public keys by name, or a list of them: files, or 64 hexadecimal digits.",
    type: ["array", "object"],
    items: text("A key.", 1024),
    maxItems: 256,
    propertyNames: anyName,
    additionalProperties: trustKey,
    maxProperties: 256,
  },
  require: map(
    "How many of the keys must have signed every module. The development key counts only where it is listed. " +
      "Absent: one.",
    {
      threshold: integer("Different keys that are needed.", 1, 256),
      of: list("Names in `keys` that count. Default: all.", text("Name of a key.", 63), 256),
    },
    ["threshold"],
  ),
  allowUnsigned: {
    description: "Accept .wasm files without signature. Loud, and kept with the run. Excludes `require`.",
    type: "boolean",
    default: false,
  },
});

/** Schema of engine.yaml. */
export const ENGINE_SCHEMA: Schema = {
  $schema: "http://json-schema.org/draft-07/schema#",
  $id: "urn:wasm-engine:schema:engine:v1",
  title: "engine.yaml, version 1",
  ...map(
    "A world of agents: modules, agents, inputs, outputs and everything that its history depends on.",
    {
      version: { description: "Version of this schema.", const: 1 },
      name: { description: "Name of the world.", type: "string", pattern: idPattern },
      seed: { ...integer("Seed of every random stream.", 0), default: 0 },
      clock,
      stop,
      policy: {
        description: "Order of turns within a tick.",
        enum: ["fifo", "priority", "round-robin"],
        default: "fifo",
      },
      stride: { ...integer("round-robin: rotation per tick.", 0, 0xffff_ffff), default: 1 },
      shards: { ...integer("Groups in which effects are hashed.", 1, shardsMax), default: 16 },
      stateHashEvery: { ...integer("Ticks between state hashes.", 1), default: 64 },
      turnsPerTickMax: {
        ...integer("Turns of one tick; the rest waits.", 1, 10_000_000),
        default: 1_000_000,
      },
      retainTicks: {
        ...integer("Ticks for which task ids and idempotency keys are remembered.", 1),
        default: 10_000,
      },
      agentsMax: { ...integer("Live agents of the world.", 1, agentsCeiling), default: agentsCeiling },
      tenants: named("Tenants by name. Absent: one tenant `default` with everything.", tenant, tenantName),
      modules: { ...named("Modules by name.", module), minProperties: 1 },
      models: named("Models by name.", model),
      inference,
      tools: named("Tools by name: functions outside of the world that agents may call.", tool),
      limits: map("Defaults for the limits of every agent.", agentLimits),
      agents: list("The agents that live from tick 0 on.", agent),
      inputs: list("Where inputs come from.", input, 64),
      outputs: list("Where published messages go.", output, 1024),
      invariants: list("What must hold at all times.", invariant, 256),
      durability: {
        description:
          "sync: acknowledged after fsync; periodic: after write, a power cut may lose the last moments; ephemeral: " +
          "nothing is made durable.",
        enum: ["sync", "periodic", "ephemeral"],
        default: "sync",
      },
      ticksAheadMax: { ...integer("Ticks that may run ahead of the disk.", 1, 1_000_000), default: 256 },
      snapshotEvery: integer(
        "Ticks between snapshots, which unpaced runs wait for; paced ones take one late where the one before is " +
          "not done. Absent: as often as they cost a twentieth of the time; paced runs: only at the end.",
        1,
      ),
      snapshotsKept: {
        description:
          "Snapshots that are kept at most, or all: the first, the last, and between them fewer the older they are. " +
          "Absent: at most 512, and fewer where they take more than 256 MiB.",
        oneOf: [{ type: "integer", minimum: 2 }, { const: "all" }],
      },
      trust,
    },
    ["version", "name", "modules", "agents"],
  ),
};

/** The text of apps/cli/schema/engine.v1.json. */
export function schemaText(): string {
  return `${JSON.stringify(ENGINE_SCHEMA, undefined, 2)}\n`;
}
