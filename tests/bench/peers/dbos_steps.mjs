// The peer of durable changes: workflows of DBOS at once, each of small durable steps.
// node dbos_steps.mjs URL WORKFLOWS STEPS, where URL is that of a PostgreSQL database.
import { DBOS } from "@dbos-inc/dbos-sdk";

import { measure, result, untilTaken } from "./rounds.mjs";

const [systemDatabaseUrl, workflows, steps] = process.argv.slice(2);

async function execute(count) {
  for (let i = 0; i < count; ++i) await DBOS.runStep(async () => result, { name: "step" });
  return count;
}

DBOS.setConfig({ name: "steady", systemDatabaseUrl, logLevel: "error", runAdminServer: false });
const steady = DBOS.registerWorkflow(execute, { name: "steady" });
await untilTaken(() => DBOS.launch());
await measure(Number(workflows), async () => {
  const handle = await DBOS.startWorkflow(steady)(Number(steps));
  return handle.getResult();
});
await DBOS.shutdown();
process.exit(0);
