/** Runs by reference for those who only read: the folder of a run, or a bundle unpacked for as long as it is read. */

import { resolve } from "node:path";
import { isBundleFile } from "../bundle/bundle-magic.js";
import type { ImportedBundle, OpenedBundle, UnpackOptions } from "../bundle/open-bundle.js";
import type { BundleOptions, BundleReport } from "../bundle/bundle-run.js";
import { resolveRun } from "../world/run-reference.js";

/** A run that can be read until it is released. */
export interface RunPlace {
  readonly dir: string;
  /** What people called it: the bundle, or the folder. */
  readonly name: string;
  readonly release: () => void;
}

/**
 * The run that `reference` names: a folder, an id, `@last`, or a bundle.
 * @throws {WE_RUN_UNKNOWN} {WE_BUNDLE_DAMAGED}
 */
export async function runPlace(reference: string, baseDirectory?: string): Promise<RunPlace> {
  const path = resolve(baseDirectory ?? process.cwd(), reference);
  if (!isBundleFile(path)) {
    const dir = resolveRun(reference, baseDirectory);
    return { dir, name: dir, release: () => undefined };
  }
  const { unpackTemporarily } = await import("../bundle/open-bundle.js");
  const { dir, remove } = unpackTemporarily(path);
  return { dir, name: path, release: remove };
}

/** Reads a run and releases it. */
export async function withRun<Result>(
  reference: string,
  baseDirectory: string | undefined,
  read: (place: RunPlace) => Promise<Result>,
): Promise<Result> {
  const place = await runPlace(reference, baseDirectory);
  try {
    return await read(place);
  } finally {
    place.release();
  }
}

/**
 * Writes a run as one file that replays anywhere.
 * @throws {WE_RUN_UNKNOWN} {WE_BUNDLE_EXISTS} {WE_BUNDLE_SIZE} {WE_BUNDLE_UNWRITABLE} {WE_LOG_DAMAGED}
 */
export async function bundleRun(
  run: string,
  options: { readonly out: string; readonly baseDirectory?: string },
): Promise<BundleReport> {
  const dir = resolveRun(run, options.baseDirectory);
  const { writeBundle } = await import("../bundle/bundle-run.js");
  return writeBundle(dir, resolve(options.out));
}

/**
 * Writes a run as one file for another machine: as `bundleRun`, and with its snapshots or without its beginning.
 * @throws {WE_BUNDLE_FROM} and what `bundleRun` throws
 */
export async function exportRun(
  run: string,
  options: BundleOptions & { readonly out: string; readonly baseDirectory?: string },
): Promise<BundleReport> {
  const dir = resolveRun(run, options.baseDirectory);
  const { writeBundle } = await import("../bundle/bundle-run.js");
  return writeBundle(dir, resolve(options.out), options);
}

/**
 * Verifies a bundle and makes it one of the runs here, or says that it is one already.
 * @throws {WE_BUNDLE_HERE} and what `openBundle` throws
 */
export async function importRun(bundle: string, options: UnpackOptions = {}): Promise<ImportedBundle> {
  const { importBundle } = await import("../bundle/open-bundle.js");
  return importBundle(resolve(bundle), options);
}

/**
 * Verifies a bundle and unpacks it into a run folder.
 * @throws {WE_BUNDLE_READ} {WE_BUNDLE_DAMAGED} {WE_BUNDLE_VERSION} {WE_BUNDLE_SIZE} {WE_RUN_EXISTS}
 */
export async function openBundle(bundle: string, options: UnpackOptions = {}): Promise<OpenedBundle> {
  const { unpackBundle } = await import("../bundle/open-bundle.js");
  return unpackBundle(resolve(bundle), options);
}
