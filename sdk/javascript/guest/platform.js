// What the platform gives programs besides the language, on the global object: timers in virtual time, randomness of the
// agent, the web's classes. And what an agent must not have goes away here: code made at run time, views of freed memory.
// Declarations only, placed before the prelude, which calls installPlatform once.

const randomValuesMax = 65_536;

/** `sleep(what, ticks)` is the prelude's; `refused(text)` throws. */
function installPlatform({ native, sleep, refused }) {
  /** {tick, time} of the first delivery: with a later one it tells how long a tick is. */
  let firstMoment;
  /** Timers by their number: {callback, values, delay, repeats, due, sleeping}. */
  const timers = new Map();
  let timerCount = 0;

  function startTimer(callback, delay, values, repeats) {
    if (typeof callback !== "function") throw new TypeError("a timer takes a function");
    const milliseconds = Math.max(0, Number(delay) || 0);
    timerCount += 1;
    timers.set(timerCount, {
      callback,
      values,
      delay: milliseconds,
      repeats,
      due: native.time() + milliseconds,
    });
    arm(timerCount);
    return timerCount;
  }

  /** Sleeps as long as is known to be right: where the length of a tick is not known yet, one tick. */
  function arm(number) {
    const timer = timers.get(number);
    const passed = native.tick() - firstMoment?.tick;
    const perTick = passed > 0 ? (native.time() - firstMoment.time) / passed : Infinity;
    timer.sleeping = sleep(
      timer.repeats ? "setInterval" : "setTimeout",
      Math.ceil((timer.due - native.time()) / perTick - 1e-6),
    );
    timer.sleeping.then(() => fire(number), ignoreCancelled);
  }

  /** Every delivery passes here before anything else. */
  function noteMoment() {
    firstMoment ??= { tick: native.tick(), time: native.time() };
  }

  function ignoreCancelled(error) {
    if (error?.code !== "CANCELLED") throw error;
  }

  function fire(number) {
    const timer = timers.get(number);
    if (timer === undefined) return;
    // Virtual time in milliseconds is a fraction: half a microsecond is no time.
    const isDue = native.time() >= timer.due - 5e-4;
    if (isDue && timer.repeats) timer.due = Math.max(timer.due + timer.delay, native.time());
    if (!isDue || timer.repeats) arm(number);
    else timers.delete(number);
    if (isDue) timer.callback(...timer.values);
  }

  function stopTimer(number) {
    const timer = timers.get(number);
    timers.delete(number);
    timer?.sleeping.cancel();
  }

  /** Code is what was signed: nothing makes more of it, by whatever name it is reached. */
  function refuseDynamicCode() {
    const text = "code is fixed when the agent is built: there is no eval and no Function";
    const kinds = [function () {}, async function () {}, function* () {}, async function* () {}];
    for (const sample of kinds) {
      const prototype = Object.getPrototypeOf(sample);
      const { name } = prototype.constructor;
      const stand = {
        [name]: function () {
          refused(text);
        },
      }[name];
      Object.defineProperty(stand, "prototype", { value: prototype });
      Object.defineProperty(prototype, "constructor", { value: stand });
      if (name === "Function") globalThis.Function = stand;
    }
    globalThis.eval = () => refused(text);
    for (const name of ["WeakRef", "FinalizationRegistry", "Atomics", "SharedArrayBuffer"])
      delete globalThis[name];
  }

  function getRandomValues(array) {
    if (array.byteLength > randomValuesMax)
      throw new RangeError(`at most ${randomValuesMax} random bytes at once`);
    const target = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    target.set(native.randomBytes("crypto", array.byteLength));
    return array;
  }

  /** Version 4, from the agent's stream. */
  function randomUUID() {
    const bytes = native.randomBytes("crypto", 16);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const text = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return text.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  }

  refuseDynamicCode();
  Object.assign(globalThis, {
    setTimeout: (callback, delay, ...values) => startTimer(callback, delay, values, false),
    setInterval: (callback, delay, ...values) => startTimer(callback, delay, values, true),
    clearTimeout: stopTimer,
    clearInterval: stopTimer,
    queueMicrotask: (callback) => void Promise.resolve().then(callback),
    crypto: Object.freeze({ getRandomValues, randomUUID }),
    fetch: async () => refused("an agent has no network: declare a tool and call it with ctx.tool"),
    ...{ structuredClone, TextEncoder, TextDecoder, URL, URLSearchParams },
    ...{ AbortController, AbortSignal, Event, EventTarget },
  });
  return { noteMoment };
}
