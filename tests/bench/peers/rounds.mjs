// What both peers do alike: workflows at once, each of so many steps, twice to become warm and once
// to be measured. Prints how many seconds the last time took.
export const result = "r".repeat(200);

// Node 20 does not have it yet, and Restate's library calls it.
Promise.withResolvers ??= () => {
  const all = {};
  all.promise = new Promise((resolve, reject) => Object.assign(all, { resolve, reject }));
  return all;
};

export async function measure(workflows, execute) {
  const executeAll = () => Promise.all(Array.from({ length: workflows }, execute));
  for (let i = 0; i < 2; ++i) await executeAll();
  const beganMs = performance.now();
  await executeAll();
  console.log(((performance.now() - beganMs) / 1000).toFixed(6));
}

// Repeats what fails while a server starts.
export async function untilTaken(ask) {
  const untilMs = performance.now() + 60_000;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > untilMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
