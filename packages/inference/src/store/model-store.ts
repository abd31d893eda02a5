/**
 * The models of a project: `models/NAME` and `models.lock` beside the configuration. Models are gathered in
 * `models/.adding` and come to their place whole, in one step; the lock is written after them.
 */

import { mkdir, open, readFile, rename, rm, rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { isModelName, modelLockName, readModelLock, writeModelLock } from "@wasm-engine/core";
import type { LockedFile, LockedModel, ModelLock } from "@wasm-engine/core";
import { inferenceError } from "../errors.js";
import { fetchPauseMsDefault, fetchStallMsDefault } from "../limits.js";
import { fileDigest } from "../model/weight-files.js";
import { adviceFor } from "../suggestion.js";
import type { DownloadOptions } from "./download.js";
import { takeFileLock } from "./file-lock.js";
import { gatherModel } from "./gathering.js";
import type { Gathered } from "./gathering.js";
import { planModel } from "./model-plan.js";
import { isMeantBy } from "./model-selection.js";
import { nameFor, readSource } from "./model-source.js";
import type { Environment } from "./web-proxy.js";

export interface ModelStoreOptions {
  /** Absolute folder of the configuration. */
  readonly folder: string;
  /** HF_ENDPOINT, HF_TOKEN, HF_HOME, HTTPS_PROXY, … Default: those of the process. */
  readonly environment?: Environment;
  /** Silence of a server after which it is asked again; default 30 000. */
  readonly stallMs?: number;
  /** First pause before another attempt; default 500. */
  readonly pauseMs?: number;
  readonly signal?: AbortSignal;
  /** Told of every file: its path in the model, the bytes that are there, and how many it will have. */
  readonly onProgress?: (path: string, bytes: number, total: number | undefined) => void;
}

export interface AddOptions {
  /** Default: the last part of the source. */
  readonly name?: string;
  /** Type of numbers: fp32 (default), fp16, q8, int8, uint8, q4, q4f16, bnb4. */
  readonly dtype?: string;
  /** Path of the `.onnx` file in the source, where its name is none of the usual. */
  readonly file?: string;
}

export interface AddedModel extends LockedModel {
  readonly name: string;
  /** It was there already, and every file is still what it was. */
  readonly wasPresent: boolean;
  readonly fetchedBytes: number;
}

/** A file of a model that is not what the lock says. */
export interface ChangedFile {
  readonly path: string;
  readonly found: "absent" | "changed";
}

export interface ModelStore {
  /**
   * Brings a model into the project. One that the lock knows from the same source is made whole again at the revision
   * that it has. @throws {WE_MODEL_…}
   */
  add(source: string, options?: AddOptions): Promise<AddedModel>;
  /** Makes every model of the lock whole. @throws {WE_MODEL_…} */
  restore(): Promise<readonly AddedModel[]>;
  /** @throws {WE_MODEL_LOCK} */
  list(): Promise<ModelLock>;
  /** Reads every file of a model again. @throws {WE_MODEL_NOT_ADDED} */
  verify(name: string): Promise<readonly ChangedFile[]>;
  /** @throws {WE_MODEL_NOT_ADDED} */
  remove(name: string): Promise<LockedModel>;
}

export function openModelStore(options: ModelStoreOptions): ModelStore {
  return new FolderStore(options);
}

interface AddRequest extends AddOptions {
  readonly name: string;
  readonly source: string;
}

class FolderStore implements ModelStore {
  readonly #folder: string;
  readonly #options: ModelStoreOptions;

  constructor(options: ModelStoreOptions) {
    this.#folder = options.folder;
    this.#options = options;
  }

  async add(source: string, options: AddOptions = {}): Promise<AddedModel> {
    const read = readSource(source, this.#folder);
    const name = nameFor(read, options.name);
    return await this.#alone(`the model ${name}`, `${name}.lock`, () =>
      this.#add({ ...options, name, source }),
    );
  }

  async restore(): Promise<readonly AddedModel[]> {
    const added: AddedModel[] = [];
    for (const [name, { source, file }] of await this.list())
      added.push(await this.add(source, { name, file }));
    return added;
  }

  async list(): Promise<ModelLock> {
    const path = join(this.#folder, modelLockName);
    const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT") return undefined;
      throw inferenceError("WE_MODEL_LOCK", { path, problem: cause.message });
    });
    const lock = text === undefined ? new Map<string, LockedModel>() : readModelLock(text);
    if (typeof lock === "string") throw inferenceError("WE_MODEL_LOCK", { path, problem: lock });
    return lock;
  }

  async verify(name: string): Promise<readonly ChangedFile[]> {
    return await this.#changes(await this.#known(name));
  }

  async remove(name: string): Promise<LockedModel> {
    if (!isModelName(name)) return await this.#known(name);
    return await this.#alone(`the model ${name}`, `${name}.lock`, async () => {
      const model = await this.#known(name);
      // The lock first: a folder without an entry is taken up again, an entry without a folder would be fetched.
      await this.#change((models) => models.delete(name));
      await rm(this.#place(model.folder), { recursive: true, force: true });
      await rm(this.#staging(name), { recursive: true, force: true });
      return model;
    });
  }

  async #add(request: AddRequest): Promise<AddedModel> {
    const { name, source } = request;
    const known = (await this.list()).get(name);
    if (known !== undefined && (known.source !== source || !isMeantBy(known.file, request)))
      throw inferenceError("WE_MODEL_EXISTS", {
        model: name,
        found: `it was added from ${known.source} and is ${known.file}`,
      });
    if (known !== undefined && (await this.#changes(known)).length === 0)
      return { name, ...known, wasPresent: true, fetchedBytes: 0 };
    const folder = known?.folder ?? `models/${name}`;
    const place = this.#place(folder);
    const isThere = await stat(place).then(
      () => true,
      () => false,
    );
    const gathered = await this.#gather(request, known, isThere ? place : undefined);
    const { fetchedBytes, wasThere, ...rest } = gathered;
    if (known === undefined && isThere && !wasThere)
      throw inferenceError("WE_MODEL_EXISTS", { model: name, found: `${folder} is another one` });
    if (known !== undefined && rest.digest !== known.digest)
      throw inferenceError("WE_MODEL_DIGEST_MISMATCH", {
        model: name,
        path: source,
        actual: rest.digest,
        expected: known.digest,
        source: modelLockName,
      });
    if (!wasThere) await this.#put(name, place, isThere);
    const model: LockedModel = { source, ...rest, folder };
    await this.#change((models) => models.set(name, model));
    await rm(this.#staging(name), { recursive: true, force: true });
    return { name, ...model, wasPresent: false, fetchedBytes };
  }

  /** `former`: folder that may hold files of the model already. */
  async #gather(
    request: AddRequest,
    known: LockedModel | undefined,
    former: string | undefined,
  ): Promise<Gathered> {
    const { name, dtype, file = known?.file } = request;
    const source = readSource(request.source, this.#folder);
    const revision = known?.revision;
    const plan = await planModel(
      {
        model: name,
        source,
        ...(dtype === undefined || known !== undefined ? {} : { dtype }),
        ...(file === undefined ? {} : { file }),
        ...(revision === undefined ? {} : { revision }),
      },
      this.#download(),
    );
    const { onProgress } = this.#options;
    return await gatherModel({
      model: name,
      plan,
      staging: this.#staging(name),
      ...(former === undefined ? {} : { former }),
      expected: known?.files ?? [],
      options: this.#download(),
      ...(onProgress === undefined ? {} : { onProgress }),
    });
  }

  /** The gathered folder comes to its place; one that was there goes away in the same moment, or nearly. */
  async #put(name: string, place: string, isThere: boolean): Promise<void> {
    const old = `${this.#staging(name)}.old`;
    await mkdir(join(place, ".."), { recursive: true });
    await rm(old, { recursive: true, force: true });
    if (isThere) await rename(place, old);
    await rename(this.#staging(name), place);
    await syncFolder(join(place, ".."));
    await rm(old, { recursive: true, force: true });
  }

  async #known(name: string): Promise<LockedModel> {
    const models = await this.list();
    const model = models.get(name);
    if (model !== undefined) return model;
    const advice = adviceFor(name.slice(0, 80), [...models.keys()], "models");
    throw inferenceError("WE_MODEL_NOT_ADDED", { model: name.slice(0, 80), advice });
  }

  async #changes({ folder, files }: LockedModel): Promise<readonly ChangedFile[]> {
    const changed: ChangedFile[] = [];
    for (const file of files) {
      const found = await compareFile(this.#place(folder), file);
      if (found !== undefined) changed.push({ path: file.path, found });
    }
    return changed;
  }

  /** Reads, changes and replaces the lock; others wait for their turn or are told. */
  async #change(change: (models: Map<string, LockedModel>) => void): Promise<void> {
    await this.#alone(modelLockName, "models.lock", async () => {
      const models = new Map(await this.list());
      change(models);
      const path = join(this.#folder, modelLockName);
      const file = await open(`${path}.new`, "w");
      try {
        await file.writeFile(writeModelLock(models));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(`${path}.new`, path);
      await syncFolder(this.#folder);
    });
  }

  /** @throws {WE_MODEL_BUSY} */
  async #alone<Result>(what: string, lockName: string, work: () => Promise<Result>): Promise<Result> {
    const adding = join(this.#folder, "models", ".adding");
    const isShort = lockName === modelLockName;
    for (let attempt = 0; ; attempt += 1) {
      const lock = await this.#take(adding, lockName);
      if (typeof lock !== "number") {
        try {
          return await work();
        } catch (cause) {
          throw this.#coded(cause);
        } finally {
          await lock.release();
          // The last one leaves nothing behind; what is still needed keeps the folder.
          await rmdir(adding).catch(() => undefined);
          await rmdir(join(adding, "..")).catch(() => undefined);
        }
      }
      if (!isShort || attempt >= 100) throw inferenceError("WE_MODEL_BUSY", { pid: lock, what });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async #take(adding: string, lockName: string): ReturnType<typeof takeFileLock> {
    try {
      await mkdir(adding, { recursive: true });
      return await takeFileLock(join(adding, lockName));
    } catch (cause) {
      throw this.#coded(cause);
    }
  }

  /** What the operating system refuses is told as such. */
  #coded(cause: unknown): unknown {
    const isSystem = cause instanceof Error && "syscall" in cause;
    if (!isSystem || this.#options.signal?.aborted === true) return cause;
    return inferenceError("WE_MODEL_UNWRITABLE", { path: this.#folder, cause: cause.message });
  }

  #place(folder: string): string {
    return join(this.#folder, ...folder.split("/"));
  }

  #staging(name: string): string {
    return join(this.#folder, "models", ".adding", name);
  }

  #download(): DownloadOptions {
    const { environment = process.env, signal } = this.#options;
    const { stallMs = fetchStallMsDefault, pauseMs = fetchPauseMsDefault } = this.#options;
    return { environment, stallMs, pauseMs, ...(signal === undefined ? {} : { signal }) };
  }
}

/** What a file on the disk is against the lock; undefined: the same. */
async function compareFile(
  folder: string,
  { path, bytes, sha256 }: LockedFile,
): Promise<ChangedFile["found"] | undefined> {
  const place = join(folder, ...path.split("/"));
  const stats = await stat(place).catch(() => undefined);
  if (stats?.isFile() !== true) return "absent";
  return stats.size === bytes && (await fileDigest(place)) === sha256 ? undefined : "changed";
}

/** A rename lasts when its folder is on the disk. Systems that have no such thing refuse. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}
