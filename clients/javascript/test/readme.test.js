/** The README's example prints what it says. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Server } from "./server.js";

const HERE = new URL("..", import.meta.url);

test("the README's example", async () => {
  const text = await readFile(new URL("README.md", HERE), "utf8");
  const [, program, output] = text.match(/```javascript\n(.*?)```\n\nprints\n\n```text\n(.*?)```/s);
  const server = await Server.start();
  const code = program.replace("http://127.0.0.1:8080", server.url);
  const options = { cwd: fileURLToPath(HERE) };
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", code], options);
  assert.equal(stdout, output);
  await server.stop();
});
