/** Who is fastest at the same texts: interleaved repetitions, medians, and tokens that must be the same. */

export type Texts = readonly (readonly number[])[];

export interface Contestant {
  readonly name: string;
  /** How it was asked, where it can be asked in several ways. */
  readonly way: string;
  readonly run: () => Promise<Texts>;
}

export interface ContestFigure {
  readonly name: string;
  readonly way: string;
  readonly threads: number;
  /** Time that passed. */
  readonly medianMs: number;
  readonly leastMs: number;
  /** Processor time, of all threads together; median. */
  readonly cpuMs: number;
}

interface Timed {
  readonly ms: number;
  readonly cpuMs: number;
  readonly texts: Texts;
}

/** Runs all contestants in turn, `repeats` times, each time beginning with the next. */
export async function measureContest(
  contestants: readonly Contestant[],
  { expected, repeats }: { readonly expected: Texts; readonly repeats: number },
): Promise<{ readonly figures: readonly ContestFigure[]; readonly sameTokens: boolean }> {
  const times = contestants.map((): Timed[] => []);
  for (let repeat = 0; repeat < repeats; repeat += 1)
    for (let turn = 0; turn < contestants.length; turn += 1) {
      const index = (repeat + turn) % contestants.length;
      const contestant = contestants[index];
      if (contestant !== undefined) times[index]?.push(await timed(contestant));
    }
  const figures = contestants.map(({ name, way }, index) => {
    const own = times[index] ?? [];
    return {
      ...{ name, way, threads: 1 },
      medianMs: median(own.map(({ ms }) => ms)),
      leastMs: Math.min(...own.map(({ ms }) => ms)),
      cpuMs: median(own.map(({ cpuMs }) => cpuMs)),
    };
  });
  return { figures, sameTokens: times.flat().every(({ texts }) => same(texts, expected)) };
}

/** The fastest of those whose texts are right, by one run each after one that warms up. */
export async function fasterOf(contestants: readonly Contestant[], expected: Texts): Promise<Contestant> {
  const results: { readonly contestant: Contestant; readonly ms: number }[] = [];
  for (const contestant of contestants) {
    const { ms, texts } = await timed(contestant);
    // What computes something else is not the same work; the first one is kept all the same, so that it shows.
    results.push({ contestant, ms: same(texts, expected) ? ms : Infinity });
  }
  const [fastest] = results.sort((left, right) => (left.ms < right.ms ? -1 : left.ms > right.ms ? 1 : 0));
  if (fastest === undefined) throw new TypeError("there is nobody to choose from");
  return fastest.contestant;
}

/** `processor`: of one thread on a busy machine, where the time that passes says who else was there. */
export type Clock = "wall" | "processor";

/** Of the best count of threads; undefined where the contestant was not measured. */
export function bestTime(figures: readonly ContestFigure[], name: string, clock: Clock): number | undefined {
  const own = figures.filter((figure) => figure.name === name);
  const times = own.map(({ medianMs, cpuMs }) => (clock === "wall" ? medianMs : cpuMs));
  return own.length === 0 ? undefined : Math.min(...times);
}

async function timed({ run }: Contestant): Promise<Timed> {
  const before = process.cpuUsage();
  const start = performance.now();
  const texts = await run();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  return { ms, cpuMs: (user + system) / 1000, texts };
}

function same(left: Texts, right: Texts): boolean {
  return left.length === right.length && left.every((text, index) => text.join() === right[index]?.join());
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
}
