// SQLite, WAL, synchronous=FULL: rows of so many bytes with an ascending key, one transaction per so many rows. What a
// transaction takes is what each of its rows waits for. `inputs.mjs FOLDER ROW_BYTES WARM_UP_MS WINDOW_MS`, JSON on stdout.
import { join } from "node:path";
import Database from "better-sqlite3";

const [folder, rowBytes, warmUpMs, windowMs] = process.argv
  .slice(2)
  .map((word, at) => (at === 0 ? word : Number(word)));

function measure(rowsPerTransaction) {
  const database = new Database(join(folder, `rows-${rowsPerTransaction}.sqlite`));
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  database.exec(
    "CREATE TABLE inputs (seq INTEGER PRIMARY KEY, receiver TEXT NOT NULL, payload BLOB NOT NULL)",
  );
  const insert = database.prepare("INSERT INTO inputs (receiver, payload) VALUES (?, ?)");
  const payload = Buffer.alloc(rowBytes, 7);
  let rows = 0;
  const transact = database.transaction(() => {
    for (let row = 0; row < rowsPerTransaction; row += 1) insert.run(`s${(rows + row) % 50}`, payload);
  });
  const startMs = performance.now() + warmUpMs;
  const endMs = startMs + windowMs;
  const latencies = [];
  for (let now = performance.now(); now < endMs;) {
    transact();
    rows += rowsPerTransaction;
    const done = performance.now();
    if (now >= startMs && done < endMs) latencies.push(done - now);
    now = done;
  }
  const stored = database.prepare("SELECT count(*) AS rows FROM inputs").get().rows;
  if (stored !== rows) throw new Error(`${rows} rows were inserted, ${stored} are there`);
  database.close();
  latencies.sort((left, right) => left - right);
  const at = (share) => Number((latencies[Math.floor((latencies.length - 1) * share)] ?? 0).toFixed(3));
  const inputs = latencies.length * rowsPerTransaction;
  return {
    name: `SQLite, WAL, synchronous=FULL, ${rowsPerTransaction} per transaction`,
    inFlight: rowsPerTransaction,
    inputs,
    inputsPerSecond: Math.round((inputs / windowMs) * 1000),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  };
}

process.stdout.write(`${JSON.stringify([1, 64, 1024].map(measure))}\n`);
