// The peer of durable changes: workflows of Restate at once, each of small durable steps.
// node restate_steps.mjs FOLDER WORKFLOWS STEPS, where FOLDER has the server's sockets.
import http from "node:http";
import http2 from "node:http2";

import { measure, result, untilTaken } from "./rounds.mjs";

const restate = await import("@restatedev/restate-sdk");
const [folder, workflows, steps] = process.argv.slice(2);

const steady = restate.service({
  name: "steady",
  handlers: {
    execute: async (context, count) => {
      for (let i = 0; i < count; ++i) await context.run("step", async () => result);
      return count;
    },
  },
});

function post(socket, path, body) {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    const options = { socketPath: `${folder}/${socket}`, path, method: "POST", headers };
    const request = http.request(options, (answer) => {
      let text = "";
      answer.on("data", (part) => (text += part));
      answer.on("end", () => {
        if (answer.statusCode < 300) resolve(text);
        else reject(new Error(`${path}: ${answer.statusCode} ${text}`));
      });
    });
    request.on("error", reject);
    request.end(JSON.stringify(body));
  });
}

const server = http2.createServer(restate.createEndpointHandler({ services: [steady] }));
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const uri = `http://127.0.0.1:${server.address().port}`;
await untilTaken(() => post("admin.sock", "/deployments", { uri }));
await untilTaken(() => post("ingress.sock", "/steady/execute", 1));
await measure(Number(workflows), () => post("ingress.sock", "/steady/execute", Number(steps)));
process.exit(0);
