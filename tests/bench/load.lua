-- What a machine bears: many runs alive at once in one state folder, and a long journal resumed.
-- Executed from the root, after ./dev build:
--   luajit tests/bench/load.lua runs 1000          1,000 hosts at once
--   luajit tests/bench/load.lua operations 100000  a run of 100,000 operations, and its resume
package.path = "tests/bench/?.lua;" .. package.path

local measure = require("measure")

local folder = os.getenv("PWD") .. "/.build/bench/load"
local program = (os.getenv("PERILUNE_BIN") or ".build/release/bin") .. "/perilune"
local kibibytes_a_mebibyte = 1024

local function shell(command)
  local pipe = io.popen(command)
  local text = pipe:read("*a")
  pipe:close()
  return text
end

local function sql(query)
  return (shell(("sqlite3 -readonly -cmd '.timeout 20000' '%s/state/state.db' \"%s\" 2>/dev/null")
    :format(folder, query)):gsub("%s+$", ""))
end

local function command(words)
  return ("%s %s --state '%s/state' --no-input"):format(program, words, folder)
end

local function run_words(runbook, more)
  return ("run %s --library tests/bench/library --environment memory %s"):format(runbook, more)
end

-- Waits for it at most a quarter of an hour: thousands of processes start on two processors.
local function await(what, condition)
  local until_s = measure.now_s() + 900
  while not condition() do
    if measure.now_s() > until_s then error("Waited in vain for " .. what .. ".", 0) end
    os.execute("sleep 0.2")
  end
end

-- The proportional share of memory of the processes of one name, in MiB.
local function memory_mib(name)
  local sum = shell(("cat $(pgrep -x '%s' | sed 's|.*|/proc/&/smaps_rollup|') 2>/dev/null | "
    .. "awk '/^Pss:/{s+=$2}END{print s+0}'"):format(name))
  return tonumber(sum) / kibibytes_a_mebibyte
end

local function report(...) print(string.format(...)) end

local function measure_runs(count)
  local during_s = 10 + math.ceil(count / 12)
  local began_s = measure.now_s()
  local line = command(run_words("sleeper", ("during=%ds --run-id run-$n"):format(during_s)))
  os.execute(("for n in $(seq %d); do %s </dev/null >/dev/null 2>>'%s/errors' & done"):format(
    count, line, folder))
  await("all runs to sleep", function()
    return tonumber(sql("select count(*) from record where kind = 'timer'")) == count
  end)
  local alive = tonumber(sql("select count(*) from run where owner is not null"))
  report("%d runs begun within %.1f s, %d of them alive at once, with %.0f MiB in all", count,
    measure.now_s() - began_s, alive, memory_mib("perilune") + memory_mib("perilune-worker"))
  await("all runs to end", function()
    return tonumber(sql("select count(*) from run where state = 'ended'")) == count
  end)
  local done = tonumber(sql("select count(*) from run where outcome = 'done'"))
  report("%d done, %.1f s after the first began, each of which slept %d s", done,
    measure.now_s() - began_s, during_s)
  if done ~= count then error(("Only %d of %d runs are done: see %s/errors"):format(done, count,
    folder), 0) end
end

-- Executes to its end: seconds, and those of the processors, of its worker too.
local function timed(words)
  local log = folder .. "/time"
  local began_s = measure.now_s()
  os.execute(("LC_ALL=C bash -c 'TIMEFORMAT=%%U+%%S; time %s </dev/null' >'%s' 2>&1"):format(
    command(words), log))
  local took_s = measure.now_s() - began_s
  local user_s, system_s = (measure.read_file(log) or ""):match("([%d.]+)%+([%d.]+)%s*$")
  return took_s, tonumber(user_s) + tonumber(system_s)
end

local function measure_operations(count)
  local took_s, cpu_s = timed(run_words("reads", ("count=%d --run-id reads"):format(count)))
  local recorded = tonumber(sql("select count(*) from record where kind = 'read'"))
  if recorded ~= count then error(("%d operations are recorded, not %d: see %s/time"):format(
    recorded, count, folder), 0) end
  report("%d operations within %.1f s, %.1f s of processor time", count, took_s, cpu_s)
  took_s, cpu_s = timed("resume reads")
  report("resumed within %.1f s, %.1f s of processor time", took_s, cpu_s)
end

local function main()
  local what, count = arg[1], tonumber(arg[2] or "")
  local measures = { runs = measure_runs, operations = measure_operations }
  if not measures[what] or not count then
    error("usage: luajit tests/bench/load.lua runs|operations COUNT", 0)
  end
  os.execute(("rm -rf '%s' /dev/shm/perilune-bench && mkdir -p '%s' /dev/shm/perilune-bench")
    :format(folder, folder))
  measures[what](count)
  os.execute("rm -rf /dev/shm/perilune-bench")
end

local ended_well, message = pcall(main)
if not ended_well then
  io.stderr:write("load: ", tostring(message), "\n")
  os.exit(1)
end
