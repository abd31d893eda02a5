/** Builds, splits, joins and counts strings: allocation, UTF-16 loops and the collector. AssemblyScript. */

const names = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"];

function line(seed: u32): string {
  let text = "";
  for (let part: u32 = 0; part < 12; part++) {
    if (part > 0) text += ",";
    text += names[(seed >> part) & 7] + "=" + (seed * (part + 1)).toString();
  }
  return text;
}

function work(seed: u32): u32 {
  let hash = seed;
  const counts = new Map<string, u32>();
  for (let count: u32 = 0; count < 60; count++) {
    const fields = line(hash).split(",");
    for (let at = 0; at < fields.length; at++) {
      const parts = fields[at].split("=");
      const name = parts[0];
      counts.set(name, (counts.has(name) ? counts.get(name) : 0) + <u32>parts[1].length);
    }
    const joined = fields.reverse().join(";");
    for (let at = 0; at < joined.length; at++) hash = (hash ^ joined.charCodeAt(at)) * 16777619;
  }
  const keys = counts.keys().sort();
  for (let at = 0; at < keys.length; at++) hash = (hash ^ counts.get(keys[at])) * 16777619;
  return hash;
}

export function run(rounds: u32): u32 {
  let hash: u32 = 2166136261;
  for (let round: u32 = 0; round < rounds; round++) hash = work(hash);
  return hash;
}
