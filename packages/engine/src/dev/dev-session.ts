/**
 * A dev session: loads the project, runs its world, waits for a save, runs again from where that teaches most. Owns the
 * order of these steps, the watcher and what is remembered of runs; tells everything as events and prints nothing.
 */

import { EngineError } from "@wasm-engine/abi";
import { storyOfRun } from "../client/replay-run.js";
import type { StoryReport } from "../replay/story-contract.js";
import type { RunResult } from "../world/control.js";
import { changeOf } from "./config-change.js";
import type { DevCommand, DevCycle, DevEvent, DevOptions, DevPlan, DevReport } from "./contract.js";
import { planOf } from "./dev-plan.js";
import type { DevRun } from "./dev-plan.js";
import { differenceOf } from "./difference.js";
import { decisiveFailure, isGone } from "./failure.js";
import type { DevFailure } from "./failure.js";
import { cyclesKept } from "./limits.js";
import { loadProject } from "./load-project.js";
import type { Project } from "./load-project.js";
import { removeOldRuns } from "./old-runs.js";
import { checkUpgraded, openDevRun } from "./one-run.js";
import type { OpenedRun } from "./one-run.js";
import { SignalQueue } from "./signal-queue.js";
import { WatchedFiles } from "./watched-files.js";

/** What began a cycle. */
interface Trigger {
  readonly kind: "start" | "saved" | "again" | "fork";
  readonly saved: readonly string[];
  /** Already loaded: a save cut the last run short. */
  readonly project?: Project;
}

/** How a run ended: by itself, or because something else came first. */
interface Ended {
  readonly result: RunResult;
  /** Absent: by itself. */
  readonly next?: Trigger | "quit";
}

type Notes = { -readonly [Member in keyof DevCycle]: DevCycle[Member] };

export class DevSession {
  readonly #options: DevOptions;
  readonly #tell: (event: DevEvent) => void;
  readonly #signals = new SignalQueue();
  readonly #watched: WatchedFiles;
  readonly #ending = new AbortController();
  /** Files of the last project that could be loaded, and of later attempts. */
  #files: ReadonlySet<string> = new Set();
  readonly #names = new Map<string, Set<string>>();
  readonly #cycles: DevCycle[] = [];
  #count = 0;
  #last: DevRun | undefined;
  /** The last run that came to its end: what later ones are compared to. */
  #complete: DevRun | undefined;
  #interrupted: RunResult | undefined;
  #failure: EngineError | undefined;

  constructor(options: DevOptions) {
    this.#options = options;
    this.#tell = options.tell;
    this.#watched = new WatchedFiles((paths) => this.#signals.push({ kind: "saved", paths }));
  }

  /** Why the last cycle came to nothing. */
  get failure(): EngineError | undefined {
    return this.#failure;
  }

  /** May be called at any time. `quit` seals what runs. */
  command(command: DevCommand): void {
    if (command === "quit") this.#ending.abort();
    this.#signals.push({ kind: "command", command });
  }

  /** Works until it is told to quit; with `once`, one cycle. Coded errors of the project are told, not thrown. */
  async run(): Promise<DevReport> {
    try {
      let trigger: Trigger | undefined = { kind: "start", saved: [] };
      while (trigger !== undefined && !this.#ending.signal.aborted) {
        const next: Trigger | "quit" | undefined = await this.#cycle(trigger);
        if (next === "quit" || this.#options.once === true) break;
        trigger = next ?? (await this.#nextTrigger());
      }
      const interrupted = this.#interrupted === undefined ? {} : { interrupted: this.#interrupted };
      return { cycles: this.#cycles, ...interrupted };
    } finally {
      this.#watched.close();
    }
  }

  async #nextTrigger(): Promise<Trigger | undefined> {
    this.#tell({ kind: "watching", files: this.#watched.count });
    const signal = await this.#signals.next();
    if (signal.kind === "saved") {
      this.#tell({ kind: "changed", paths: signal.paths });
      return { kind: "saved", saved: signal.paths };
    }
    return signal.command === "quit" ? undefined : { kind: signal.command, saved: [] };
  }

  /** Returns what comes next where something has come already. */
  async #cycle(trigger: Trigger): Promise<Trigger | "quit" | undefined> {
    const notes: Notes = { cycle: this.#count + 1, changed: trigger.saved, built: [], failures: [] };
    this.#failure = undefined;
    const project = trigger.project ?? (await this.#load(trigger.saved.length > 0, notes));
    if (project === undefined) return this.#finish(notes);
    notes.built = project.built;
    const plan = this.#planFor(trigger, project);
    if (plan === undefined) {
      this.#tell(
        trigger.kind === "fork"
          ? { kind: "warning", text: "the last run has not failed: there is nothing to fork before" }
          : { kind: "unchanged" },
      );
      return undefined;
    }
    const next = await this.#execute(plan, project, notes);
    this.#finish(notes);
    return next;
  }

  #finish(notes: Notes): undefined {
    this.#count += 1;
    this.#cycles.push(notes);
    if (this.#cycles.length > cyclesKept) this.#cycles.shift();
    this.#tell({ kind: "cycle", cycle: notes });
  }

  async #load(isSave: boolean, notes: Notes): Promise<Project | undefined> {
    const loaded = await loadProject(this.#options);
    if (!loaded.ok) {
      this.#files = new Set([...this.#files, ...loaded.files]);
      this.#watched.watch(this.#files, { eager: true });
      this.#refuse(loaded.error, notes);
      return undefined;
    }
    const { project } = loaded;
    this.#files = project.files;
    this.#watched.watch(this.#files, { eager: false });
    for (const [name, digest] of Object.entries(project.loaded.world.genesis.modules))
      this.#names.set(digest, (this.#names.get(digest) ?? new Set()).add(name));
    if (project.built.length > 0 || isSave) this.#tell({ kind: "built", names: project.built });
    return project;
  }

  #planFor({ kind, saved }: Trigger, project: Project): DevPlan | undefined {
    const touched = touchedFiles(project, saved);
    return planOf({ last: this.#last, project, trigger: kind, saved: touched, names: this.#names });
  }

  #refuse(error: EngineError, notes: Notes): void {
    const { code, message, hint } = error;
    this.#failure = error;
    notes.error = { code, message, ...(hint === undefined ? {} : { hint }) };
    if (!this.#ending.signal.aborted) this.#tell({ kind: "refused", error });
  }

  /** Runs as planned; where a fork turns out to be impossible, from the start. */
  async #execute(plan: DevPlan, project: Project, notes: Notes): Promise<Trigger | "quit" | undefined> {
    try {
      return await this.#attempt(plan, project, notes);
    } catch (error) {
      if (!isOperating(error)) throw error;
      this.#refuse(error, notes);
      if (plan.how === "new" || this.#ending.signal.aborted) return undefined;
    }
    try {
      const instead: DevPlan = { how: "new", why: "refused", what: [] };
      const next = await this.#attempt(instead, project, notes);
      delete notes.error;
      this.#failure = undefined;
      return next;
    } catch (error) {
      if (!isOperating(error)) throw error;
      this.#refuse(error, notes);
      return undefined;
    }
  }

  async #attempt(plan: DevPlan, project: Project, notes: Notes): Promise<Trigger | "quit" | undefined> {
    const { loaded } = project;
    this.#tell({ kind: "planned", plan });
    for (const text of loaded.warnings) this.#tell({ kind: "warning", text });
    notes.plan = plan;
    const { signal } = this.#ending;
    const opened = await openDevRun({ plan, project, last: this.#last, options: this.#options, signal });
    const { world, failures } = opened;
    let ended: Ended;
    try {
      this.#tell({ kind: "started", runId: world.runId, dir: world.dir });
      ended = await this.#drive(opened, project);
      if (ended.next === undefined)
        await checkUpgraded(world, { plan, project, names: this.#names, failures });
    } finally {
      await world.close().catch(() => undefined);
    }
    notes.run = ended.result;
    notes.failures = failures;
    this.#noteEnd(plan, { ended, failures }, notes);
    return await this.#conclude({ project, ended, failures }, notes);
  }

  #noteEnd(
    plan: DevPlan,
    { ended, failures }: { readonly ended: Ended; readonly failures: readonly DevFailure[] },
    notes: Notes,
  ): void {
    const failure = plan.how === "fork" ? (plan.failure ?? this.#lastFailure) : this.#lastFailure;
    // A run that was cut short has not shown that anything is gone.
    const isTold = failure !== undefined && ended.next === undefined;
    const earlier = isTold ? { failure, isGone: isGone(failure, failures) } : undefined;
    if (earlier !== undefined) notes.failureGone = earlier.isGone;
    this.#tell({
      kind: "ended",
      result: ended.result,
      failures,
      ...(earlier === undefined ? {} : { earlier }),
    });
  }

  /** What the run before failed by. */
  get #lastFailure(): DevFailure | undefined {
    const { failures = [], result } = this.#last ?? {};
    const ended = result?.unsupervised?.agentId;
    return decisiveFailure(failures, { ...(ended === undefined ? {} : { ended }), hasChanged: () => false });
  }

  /** Until the world has ended, or a save or a command ends it. */
  async #drive({ world }: OpenedRun, project: Project): Promise<Ended> {
    const { ticks } = this.#options;
    const running = world.run(ticks === undefined ? {} : { ticks });
    const isOver = running.then(
      () => true,
      () => true,
    );
    for (;;) {
      const over = await Promise.race([isOver, this.#signals.arrival().then(() => false)]);
      if (over) return { result: await running };
      const signal = this.#signals.take();
      if (signal === undefined) continue;
      const next =
        signal.kind === "saved" ? await this.#afterSave(signal.paths, project) : triggerOf(signal.command);
      if (next === undefined) continue;
      const result = await world.stop(next === "quit" ? "interrupted" : "stopped");
      running.catch(() => undefined);
      if (next === "quit") this.#interrupted = result;
      return { result, next };
    }
  }

  /** The project as saved, where it can be loaded and is another one: the running world makes way for it. */
  async #afterSave(paths: readonly string[], running: Project): Promise<Trigger | undefined> {
    this.#tell({ kind: "changed", paths });
    const notes: Notes = { cycle: this.#count + 1, changed: paths, built: [], failures: [] };
    const project = await this.#load(true, notes);
    if (project === undefined) return undefined;
    const change = changeOf(running.loaded, project.loaded, touchedFiles(project, paths));
    if (change.kind !== "none") return { kind: "saved", saved: paths, project };
    this.#tell({ kind: "unchanged" });
    return undefined;
  }

  /** Remembers the run; replays it, which verifies it and tells its story, and compares it with the one before. */
  async #conclude(
    run: { readonly project: Project; readonly ended: Ended; readonly failures: readonly DevFailure[] },
    notes: Notes,
  ): Promise<Trigger | "quit" | undefined> {
    const { project, failures } = run;
    const { result, next } = run.ended;
    // One that has ended by itself, by a fault, does not stand anywhere any more.
    const goesOn = project.loaded.world.stop.when === "never" || this.#options.realtime === true;
    const isLive = goesOn && next !== undefined;
    const kept = { dir: result.dir, project, result, failures, isLive };
    this.#last = { ...kept, story: undefined };
    removeOldRuns(project.loaded.world.baseDirectory);
    // A world that goes on where it stood is verified when it ends for good; nobody should wait for its whole past.
    if (next === "quit" || isLive) return next;
    const told = await this.#story(result.dir, notes);
    if (told === undefined) return next;
    this.#last = { ...kept, story: told.story };
    if (next !== undefined) return next;
    this.#compare(this.#last, notes);
    this.#complete = this.#last;
    await this.#options.afterRun?.(this.#ending.signal);
    return undefined;
  }

  async #story(dir: string, notes: Notes): Promise<StoryReport | undefined> {
    try {
      const { isolation = "process" } = this.#options;
      const report = await storyOfRun(dir, { signal: this.#ending.signal, isolation });
      notes.replay = report.replay.verified ? "identical" : "diverged";
      this.#tell({ kind: "verified", replay: report.replay });
      return report;
    } catch (error) {
      if (!isOperating(error)) throw error;
      this.#refuse(error, notes);
      return undefined;
    }
  }

  #compare({ story }: DevRun, notes: Notes): void {
    const earlier = this.#complete;
    if (story === undefined || earlier?.story === undefined) return;
    const difference = differenceOf(earlier.story, story);
    const comparedTo = earlier.result.runId;
    notes.difference = difference;
    notes.comparedTo = comparedTo;
    this.#tell({ kind: "difference", difference, comparedTo });
  }
}

/** Saved files; one that a tool may import stands for the tool. */
function touchedFiles({ besideTools }: Project, saved: readonly string[]): readonly string[] {
  return saved.flatMap((path) => [path, besideTools.get(path) ?? path]);
}

function triggerOf(command: DevCommand): Trigger | "quit" {
  return command === "quit" ? "quit" : { kind: command, saved: [] };
}

/** An error that concerns the project or the machine, not a defect of this program. */
function isOperating(error: unknown): error is EngineError {
  return EngineError.is(error) && !error.code.startsWith("WE_INTERNAL_");
}
