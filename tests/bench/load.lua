-- What a machine bears: many runs alive at once in one state folder, and a long journal resumed.
-- Executed from the root, after ./dev build:
--   luajit tests/bench/load.lua runs 1000          1,000 hosts at once
--   luajit tests/bench/load.lua operations 100000  a run of 100,000 operations, and its resume
package.path = "tests/bench/?.lua;" .. package.path

local long_run = require("long_run")
local measure = require("measure")
local ours = require("ours")
local processes = require("processes")

local function report(...) print(string.format(...)) end

-- How many of the processes are as asked.
local function count_of(runs, is_so)
  local count = 0
  for _, run in ipairs(runs) do
    run[is_so] = run[is_so] or is_so(run)
    count = count + (run[is_so] and 1 or 0)
  end
  return count
end

local function sleeps(run) return ours.has_done(run, "Before") or processes.has_ended(run) end

local function measure_runs(count)
  local during_s, began_s, runs = 10 + math.ceil(count / 12), measure.now_s(), {}
  ours.make_state("load")
  ours.make_box("memory")
  os.execute(("mkdir -p '%s/load'"):format(ours.folder))
  for number = 1, count do
    runs[number] = processes.start(ours.run("load", "sleeper", "memory",
      ("during=%ds"):format(during_s)), ours.log("load/" .. number))
  end
  measure.await("all runs to sleep", 0.2, function() return count_of(runs, sleeps) == count end)
  local took_s, mib = measure.now_s() - began_s, 0
  for _, run in ipairs(runs) do
    mib = mib + processes.memory_mib(run.pid, "Pss")
  end
  report("%d runs begun within %.1f s, %d of them alive at once, with %.0f MiB in all", count,
    took_s, count - count_of(runs, processes.has_ended), mib)
  for _, run in ipairs(runs) do
    processes.wait(run)
  end
  report("%d done, %.1f s after the first began, each of which slept %d s", count,
    measure.now_s() - began_s, during_s)
  os.execute(("rm -rf '%s/load'"):format(ours.folder))
  ours.remove_state("load")
end

local function measure_operations(count)
  local process = long_run.make(count)
  report("%d operations within %.1f s, %.1f s of processor time, %.0f MiB at most", count,
    process.took_s, process.cpu_s, process.peak_mib)
  process = long_run.resume()
  report("resumed within %.1f s, %.1f s of processor time, %.0f MiB at most", process.took_s,
    process.cpu_s, process.peak_mib)
  ours.remove_state("long")
end

local function main()
  local what, count = arg[1], tonumber(arg[2] or "")
  local measures = { runs = measure_runs, operations = measure_operations }
  if not measures[what] or not count then
    error("usage: luajit tests/bench/load.lua runs|operations COUNT", 0)
  end
  os.execute(("mkdir -p '%s'"):format(ours.folder))
  measures[what](count)
  ours.remove_box("memory")
end

local ended_well, message = pcall(main)
if not ended_well then
  io.stderr:write("load: ", tostring(message), "\n")
  os.exit(1)
end
