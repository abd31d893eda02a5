/** All solutions for nine queens with typed arrays per round: recursion and bounds checks. AssemblyScript. */

const size: i32 = 9;
const columns = new StaticArray<bool>(size);
const rising = new Uint8Array(2 * size);
const falling = new Uint8Array(2 * size);

function place(row: i32): u32 {
  if (row == size) return 1;
  let found: u32 = 0;
  for (let column = 0; column < size; column++) {
    if (columns[column] || rising[row + column] != 0 || falling[row - column + size] != 0) continue;
    columns[column] = true;
    rising[row + column] = 1;
    falling[row - column + size] = 1;
    found += place(row + 1);
    columns[column] = false;
    rising[row + column] = 0;
    falling[row - column + size] = 0;
  }
  return found;
}

export function run(rounds: u32): u32 {
  let hash: u32 = 2166136261;
  for (let round: u32 = 0; round < rounds; round++) hash = (hash ^ place(0)) * 16777619;
  return hash;
}
