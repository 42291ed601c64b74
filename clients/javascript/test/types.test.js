/** The types say what is: types.ts, strictly, with its @ts-expect-error lines. tsc is on the PATH. */

import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

test("tsc --strict accepts the types and their use", async () => {
  const program = fileURLToPath(new URL("types.ts", import.meta.url));
  const flags = ["--strict", "--noEmit", "--module", "nodenext", "--target", "es2022", "--lib", "es2022,dom", "--types", ""];
  await promisify(execFile)("tsc", [...flags, program]).catch((error) => {
    throw new Error(error.stdout || error.message);
  });
});
