/**
 * The rows of docs/traceability.md: guarantees (DESIGN §3) and verbs of the command line (DESIGN §14).
 * A claimed row needs a passing test with its tag; a later row says what is missing.
 */

export interface Requirement {
  readonly tag: string;
  readonly statement: string;
  readonly claimed: boolean;
  /** For claimed rows: how far; for later rows: what is missing. */
  readonly note: string;
}

const guarantee = (tag: string, statement: string, note = ""): Requirement => ({
  tag,
  statement,
  claimed: true,
  note,
});
const verb = (name: string, note = ""): Requirement => ({
  tag: `S14.${name}`,
  statement: `\`${name}\``,
  claimed: true,
  note,
});
const later = (name: string, note: string): Requirement => ({
  tag: `S14.${name}`,
  statement: `\`${name}\``,
  claimed: false,
  note,
});

export const requirements: readonly Requirement[] = [
  guarantee("G1", "The next world is a pure function of this world and its inputs"),
  guarantee(
    "G2",
    "Equal chain for 1 to N workers, every V8 tier and Node 20 to 26",
    "versions by `node scripts/dist/node-matrix.js`; arm64 not run",
  ),
  guarantee("G3", "An acknowledged input survives a crash at any instruction exactly once"),
  guarantee("G4", "Replay executes every turn again and reproduces the chain"),
  guarantee("G5", "An agent touches nothing but its own memory and its host functions"),
  guarantee("G6", "A hostile agent is contained and leaves strangers' digests unchanged"),
  guarantee("G7", "Quotas are exact and deterministic"),
  guarantee("G8", "CPU inference is bit-reproducible, batches change no bit, fallbacks are visible"),
  {
    tag: "G9",
    statement: "Observers are read-only and cannot slow the loop",
    claimed: false,
    note: "no observers yet",
  },
  guarantee("G10", "Every bad input gets one coded error"),
  {
    tag: "S13",
    statement: "engine.yaml with a published schema",
    claimed: true,
    note: "",
  },
  verb("run"),
  verb("replay"),
  verb("inspect"),
  verb("log"),
  verb("logs"),
  verb("verify-log"),
  verb("build"),
  verb("bundle", "without snapshots: replays from tick 0"),
  verb("open"),
  verb("keygen"),
  verb("sign"),
  verb("verify"),
  verb("model"),
  verb("setup"),
  verb("doctor"),
  verb("explain"),
  verb("diff"),
  verb("fork", "without `--cut`"),
  verb("dev"),
  verb("test"),
  verb("init", "from packed packages: `npm run test:init`"),
  verb("completions"),
  verb("send"),
  verb("ps"),
  verb("runs"),
  verb("step"),
  verb("pause"),
  verb("stop"),
  verb("deadletters"),
  verb("upgrade"),
  later("trace", "later release"),
  later("why", "later release"),
];
