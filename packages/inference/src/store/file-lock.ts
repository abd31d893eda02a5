/** A mark that one process at a time may hold: a file with its id. That of an ended process is taken over. */

import { link, readFile, rm, writeFile } from "node:fs/promises";

export interface FileLock {
  release(): Promise<void>;
}

const attemptsMax = 16;
let nonces = 0;

/** The lock, or the id of the process that holds it. */
export async function takeFileLock(path: string): Promise<FileLock | number> {
  nonces += 1;
  const content = `${process.pid}\n${nonces}`;
  const own = `${path}.${process.pid}.${nonces}`;
  await writeFile(own, content);
  try {
    let holder = 0;
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const taken = await link(own, path).then(
        () => true,
        (cause: NodeJS.ErrnoException) => {
          if (cause.code === "EEXIST") return false;
          throw cause;
        },
      );
      if (taken) return { release: () => release(path, content) };
      const found = await readFile(path, "utf8").catch(() => "");
      holder = Number.parseInt(found, 10);
      if (found !== "" && isAlive(holder)) return holder;
      if (found !== "") await removeStale(path, found);
    }
    return holder;
  } finally {
    await rm(own, { force: true });
  }
}

async function release(path: string, content: string): Promise<void> {
  if ((await readFile(path, "utf8").catch(() => "")) === content) await rm(path, { force: true });
}

/** Only where it still is the one that was looked at: somebody else may have been faster. */
async function removeStale(path: string, content: string): Promise<void> {
  if ((await readFile(path, "utf8").catch(() => "")) === content) await rm(path, { force: true });
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "EPERM"; // what process.kill throws
  }
}
