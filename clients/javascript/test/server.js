/** The real lossd on a free port: LOSSD_BINARY, by default the repository's release build. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const BINARY = process.env.LOSSD_BINARY ?? fileURLToPath(new URL("../../../build/release/lossd", import.meta.url));

export class Server {
  static async start(...flags) {
    const port = flags.includes("--port") ? [] : ["--port", "0"];
    const child = spawn(BINARY, ["--log-format", "none", ...port, ...flags], { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = await once(createInterface(child.stdout), "line");
    process.once("exit", () => child.kill()); // after a test that failed before stop(): nor is its end waited for
    child.unref();
    child.stdout.unref();
    return Object.assign(new Server(), { child, url: line.split(" ").at(-1) });
  }

  get port() {
    return new URL(this.url).port;
  }

  async json(loss, body) {
    const headers = { "Content-Type": "application/json" };
    const response = await fetch(`${this.url}/v1/losses/${loss}`, { method: "POST", headers, body: JSON.stringify(body) });
    return response.json();
  }

  async stop() {
    this.child.ref();
    this.child.kill();
    const [code] = await once(this.child, "exit");
    if (code !== 0) throw new Error(`lossd ended with ${code}`);
  }
}
