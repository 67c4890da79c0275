// Where a program may be. Plain JavaScript, since the installer runs before anything is installed.
import { accessSync, constants } from "node:fs";
import { join } from "node:path";

/**
 * In the first of these folders that has it.
 * @param {string} name
 * @param {readonly string[]} folders
 */
export function findProgram(name, folders) {
  return folders
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/** @param {string} path */
export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
