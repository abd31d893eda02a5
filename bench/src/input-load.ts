/** Load on whatever takes inputs: so many lanes, each of which sends again when it has been answered. */

export interface LoadPlan {
  /** Calls under way at any time. */
  readonly inFlight: number;
  /** Not counted: caches are warm and code is compiled afterwards. */
  readonly warmUpMs: number;
  readonly windowMs: number;
}

export interface LoadFigure {
  readonly inFlight: number;
  /** Inputs answered within the window. */
  readonly inputs: number;
  readonly inputsPerSecond: number;
  /** From the call to its answer. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What one call does. Returns how many inputs are durable now. */
export type SendInputs = (lane: number) => Promise<number>;

interface Sample {
  readonly endMs: number;
  readonly latencyMs: number;
  readonly inputs: number;
}

export async function measureLoad(send: SendInputs, plan: LoadPlan): Promise<LoadFigure> {
  const startMs = performance.now() + plan.warmUpMs;
  const endMs = startMs + plan.windowMs;
  const samples: Sample[] = [];
  const lane = async (number: number): Promise<void> => {
    for (;;) {
      const begunMs = performance.now();
      const inputs = await send(number);
      const now = performance.now();
      // A window that nothing was answered in is longer than it was meant to be.
      const isOpen = now < endMs || samples.length < plan.inFlight;
      if (!isOpen) return;
      if (now >= startMs) samples.push({ endMs: now, latencyMs: now - begunMs, inputs });
    }
  };
  await Promise.all(Array.from({ length: plan.inFlight }, (_, number) => lane(number)));
  const lastMs = samples.reduce((last, sample) => Math.max(last, sample.endMs), endMs);
  return loadFigure(samples, { inFlight: plan.inFlight, windowMs: lastMs - startMs });
}

function loadFigure(
  samples: readonly Sample[],
  { inFlight, windowMs }: Omit<LoadPlan, "warmUpMs">,
): LoadFigure {
  const inputs = samples.reduce((sum, sample) => sum + sample.inputs, 0);
  const latencies = Float64Array.from(samples, ({ latencyMs }) => latencyMs).sort();
  const at = (share: number): number =>
    Number((latencies[Math.floor((latencies.length - 1) * share)] ?? 0).toFixed(3));
  return {
    inFlight,
    inputs,
    inputsPerSecond: Math.round((inputs / windowMs) * 1000),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  };
}
