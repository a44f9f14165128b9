-- What is measured: groups of rows, the first of each Perilune's own, and the goals of each.
--
-- A row has a name, how often a round samples it, its goals, and `prepare`, which gives a function
-- that takes one sample, or nil and why there can be none. A sample is a value and what else was
-- counted. A goal is a bound of the value, of a row's flushes, or of the ratio to a peer's value.
local ansible = require("ansible")
local changes = require("changes")
local engines = require("engines")
local idle = require("idle")
local long_run = require("long_run")
local measure = require("measure")
local ours = require("ours")
local processes = require("processes")
local runaway = require("runaway")

local M = {}

local folder = ours.folder
local program_count, change_count, operation_count = 100, 2000, 100000
local branch_count, run_count = 64, 50
local flushes = measure.flush_counter(folder)

-- A row of Perilune's own.
local function our_row(row)
  row.name = "perilune " .. (row.verb or "run")
  local prepare = row.prepare
  function row.prepare()
    if not measure.read_file(ours.program) then
      return nil, ours.program .. " is not built"
    end
    return prepare()
  end
  return row
end

-- How long a program takes, and its flushes for each of `count` pieces.
local function time_of(argv, count)
  return function()
    local before = count and flushes and flushes()
    local took_s = processes.run(argv, folder .. "/output.log")
    return took_s * 1000, { flushes = before and (flushes() - before) / count }
  end
end

local function time_row(name, samples, argv, goals)
  return { name = name, samples = samples, goals = goals, prepare = function()
    return time_of(argv)
  end }
end

-- The rate of a peer that prints its own seconds, given a fresh folder to work in.
local function rate_row(name, argv, goals)
  return { name = name, goals = goals, prepare = function()
    return function()
      os.execute(("rm -rf '%s/peer' && mkdir '%s/peer'"):format(folder, folder))
      local before = flushes and flushes()
      local _, output = processes.run(argv, folder .. "/output.log")
      return change_count / tonumber(output),
        { flushes = before and (flushes() - before) / change_count }
    end
  end }
end

-- The steps a second of an engine with so many workflows, each of so many steps.
local function engine_row(name, engine, workflows, steps, goals)
  return { name = name, goals = goals, prepare = function()
    local sample, reason = engine(folder)
    return sample and function()
      return sample(workflows, steps)
    end, reason
  end }
end

local function changes_row(options, goals)
  return our_row { goals = goals, prepare = function()
    if options.environment == "memory" and not measure.is_in_memory("/dev/shm") then
      return nil, "/dev/shm is no file system in memory"
    end
    return function()
      return changes.sample(options, flushes)
    end
  end }
end

local function cold_start()
  ours.make_state("bench")
  return time_of(ours.run("bench", "step", "bench"))
end

local function programs()
  ours.make_state("programs")
  return time_of(ours.run("programs", "programs", "bench", "count=" .. program_count),
    program_count)
end

local function ansible_start()
  local found, reason = ansible.find(folder, folder .. "/ansible.log")
  return found and time_of({ found, "-i", "localhost,", "tests/bench/one_task.yml" }), reason
end

local function long_resume()
  io.stderr:write(("Making a run of %d operations\n"):format(operation_count))
  long_run.make(operation_count)
  return long_run.sample
end

local function starting_groups()
  return {
    { title = "Cold start of one step", unit = "ms", rows = {
      our_row { samples = 10, prepare = cold_start },
      time_row("C++ program, same libraries", 10, { folder .. "/lua_state" },
        { { of = "ratio", at_most = 3 } }),
      { name = "ansible-playbook, one task", prepare = ansible_start,
        goals = { { of = "ratio", at_most = 0.04 } } },
    } },
    { title = program_count .. " programs, each a durable step", unit = "ms", rows = {
      our_row { samples = 3, prepare = programs },
      time_row("posix_spawn, nothing durable", 3,
        { folder .. "/spawn_true", tostring(program_count) },
        { { of = "ratio", at_most = 2 }, { of = "ratio", at_most = 1.6 } }),
    } },
  }
end

-- With the objects in memory the flushes are the journal's alone.
local function change_groups()
  return {
    { title = "Changes of one branch, objects in memory", unit = "per s", rows = {
      changes_row({ count = change_count, environment = "memory" },
        { { of = "flushes", at_most = 1.1 } }),
      rate_row("SQLite commits, WAL and FULL", {
        folder .. "/commits", folder .. "/peer/commits.db", tostring(change_count),
      }, { { of = "ratio", at_least = 0.75 } }),
      engine_row("Restate, one workflow", engines.restate, 1, 1000,
        { { of = "ratio", at_least = 4 } }),
      engine_row("DBOS, one workflow", engines.dbos, 1, 1000, { { of = "ratio", at_least = 5 } }),
    } },
    { title = ("Changes of %d branches of one run, objects in memory"):format(branch_count),
      unit = "per s", rows = {
        changes_row({ count = branch_count * 200, branches = branch_count, environment = "memory" },
          { { at_least = 100000 }, { of = "flushes", at_most = 0.05 } }),
      } },
    { title = ("Changes of %d runs at once, objects in memory"):format(run_count),
      unit = "per s", rows = {
        changes_row({ count = 400, runs = run_count, environment = "memory" },
          { { at_least = 60000 } }),
        engine_row(("Restate, %d workflows"):format(run_count), engines.restate, run_count, 100,
          { { of = "ratio", at_least = 4 } }),
      } },
    { title = "Changes of one branch, objects on the disk", unit = "per s", rows = {
      changes_row({ count = change_count, environment = "bench" }),
      rate_row("files written durably, no journal", {
        folder .. "/durable_files", folder .. "/peer", tostring(change_count),
      }),
    } },
  }
end

local function bearing_groups()
  return {
    { title = ("Resume of a run of %d operations"):format(operation_count), unit = "s", rows = {
      our_row { verb = "resume", goals = { { at_most = 1.5 } }, prepare = long_resume },
    } },
    { title = "Memory of a host whose run sleeps, and its worker, as RSS", unit = "MiB", rows = {
      our_row { goals = { { at_most = 30 } }, prepare = function() return idle.sample end },
    } },
    { title = "A loop goes on after its budget of processor time", unit = "ms", rows = {
      our_row { goals = { { at_most = 50 } }, prepare = function() return runaway.sample end },
    } },
  }
end

-- The groups whose titles contain a text.
function M.matching(text)
  local found = {}
  for _, part in ipairs({ starting_groups(), change_groups(), bearing_groups() }) do
    for _, group in ipairs(part) do
      if group.title:lower():find(text:lower(), 1, true) then
        found[#found + 1] = group
      end
    end
  end
  return found
end

M.counts_flushes = flushes ~= nil

return M
