/** "Did you mean": the known word nearest to an unknown one. The engine has its own; an adapter imports no host. */

/** `did you mean "x"? known: a, b`, or the list alone where nothing is near. */
export function adviceFor(word: string, known: readonly string[], noun: string): string {
  if (known.length === 0) return `there are no ${noun}`;
  const list = `known ${noun}: ${[...known].slice(0, 24).join(", ")}`;
  const ranked = known
    .map((candidate) => ({ candidate, distance: distanceOf(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((left, right) => left.distance - right.distance);
  const [best] = ranked;
  const near = best !== undefined && best.distance <= Math.max(1, Math.floor(word.length / 3));
  return near ? `did you mean "${best.candidate}"? ${list}` : list;
}

/** Insertions, deletions and replacements from one word to another. */
function distanceOf(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 0; i < from.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j += 1) {
      const replaced = (row[j] ?? 0) + (from[i] === to[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
