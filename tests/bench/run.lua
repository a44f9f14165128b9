-- Measures Perilune against peers on this machine and prints medians over interleaved rounds.
-- Executed as `luajit tests/bench/run.lua [--rounds N]` from the root; ./dev bench
-- builds first. docs/performance.md says what the figures were and where the time goes.
package.path = "tests/bench/?.lua;" .. package.path

local ansible = require("ansible")
local measure = require("measure")
local ours = require("ours")
local peers = require("peers")
local processes = require("processes")
local show = require("show")

local function option(name, otherwise)
  for index = 1, #arg - 1 do
    if arg[index] == name then
      return arg[index + 1]
    end
  end
  return otherwise
end

local folder = ours.folder
local memory = "/dev/shm/perilune-bench"  -- Named in library/environments/memory.yaml, too.
local program = ours.program
local rounds = tonumber(option("--rounds", "5"))
local program_count, change_count = 100, 1000
local flushes

-- Runs a program once: its seconds, its output, and the flushes meanwhile for each of `count`.
local function run(argv, count)
  local before = flushes and flushes()
  local took_s, output = processes.run(argv, folder .. "/output.log")
  return took_s, output, before and (flushes() - before) / (count or 1)
end

local function perilune(runbook, environment, ...)
  return { program, "run", runbook, "--library", "tests/bench/library", "--environment",
    environment, "--no-input", ... }
end

-- A row is a name, how often a round samples it, and a sample: its value and flushes per piece.
local function time_row(name, samples, argv, count)
  return { name = name, samples = samples, sample = function()
    local took_s, _, per_piece = run(argv, count)
    return took_s * 1000, count and per_piece or nil
  end }
end

-- The rate of a peer that prints its own seconds, given a fresh folder to work in.
local function rate_row(name, argv)
  return { name = name, samples = 1, sample = function()
    os.execute(("rm -rf '%s/peer' && mkdir '%s/peer'"):format(folder, folder))
    local _, output, per_piece = run(argv, change_count)
    return change_count / tonumber(output), per_piece
  end }
end

-- The rate of a runbook's changes, less what starting takes.
local function changes_row(name, runbook, environment, cold)
  local box = environment == "memory" and memory or folder .. "/box"
  return { name = name, samples = 1, sample = function()
    os.execute(("rm -rf '%s' && mkdir -p '%s'"):format(box, box))
    local argv = perilune(runbook, environment, "count=" .. change_count)
    local took_s, _, per_piece = run(argv, change_count)
    os.execute(("rm -rf '%s'"):format(box))
    return change_count / (took_s - measure.median(cold.values) / 1000), per_piece
  end }
end

local function ansible_row()
  local found, reason = ansible.find(folder, folder .. "/ansible.log")
  if not found then
    return { name = "ansible-playbook, one task", skipped = reason }
  end
  local row = time_row("ansible-playbook, one task", 1,
    { found, "-i", "localhost,", "tests/bench/one_task.yml" })
  row.goal = 0.04
  return row
end

local function groups_of(built)
  local cold = time_row("perilune run, one step", 10, perilune("step", "bench"))
  local bare = time_row("C++ program, same libraries", 10, { folder .. "/lua_state" })
  bare.goal = 3
  local spawning = time_row("posix_spawn, nothing durable", 3, {
    folder .. "/spawn_true", tostring(program_count),
  })
  spawning.goal = 2
  local in_memory = measure.is_in_memory("/dev/shm")
  local changes = built and in_memory and changes_row("perilune run", "changes", "memory", cold)
  if changes then
    changes.flushes_goal = 1.1
  end
  return {
    {
      title = "Cold start of one step", unit = "ms", ours = built and cold,
      rows = { bare, ansible_row() },
    },
    {
      title = program_count .. " programs, each a durable step", unit = "ms",
      ours = built and time_row("perilune run", 3,
        perilune("programs", "bench", "count=" .. program_count), program_count),
      rows = { spawning },
    },
    {
      title = "Changes that may be repeated, objects in memory: the journal's flushes alone",
      unit = "per s", more_is_better = true, ours = changes,
      skipped = not in_memory and "/dev/shm is no file system in memory",
      rows = {
        rate_row("SQLite commits, WAL and FULL", {
          folder .. "/commits", folder .. "/peer/commits.db", tostring(change_count),
        }),
      },
    },
    {
      title = "The same by fifty branches at once", unit = "per s", more_is_better = true,
      ours = built and in_memory and changes_row("perilune run", "branches", "memory", cold),
      rows = {},
    },
    {
      title = "The same one after the other, objects on the disk", unit = "per s",
      more_is_better = true, ours = built and changes_row("perilune run", "changes", "bench", cold),
      rows = {
        rate_row("files written durably, no journal", {
          folder .. "/durable_files", folder .. "/peer", tostring(change_count),
        }),
      },
    },
  }
end

local function take_round(groups)
  for _, group in ipairs(groups) do
    show.each_row(group, function(row)
      row.values, row.flushes = row.values or {}, row.flushes or {}
      for _ = 1, row.samples do
        local value, per_piece = row.sample()
        row.values[#row.values + 1] = value
        row.flushes[#row.flushes + 1] = per_piece
      end
    end)
  end
end

local function main()
  os.execute(("mkdir -p '%s'"):format(folder))
  -- Runs of a benchmark belong in no one's real state, and SQLite's file in the same file system.
  os.execute(("rm -rf '%s/home' && mkdir '%s/home'"):format(folder, folder))
  for name, value in pairs({ HOME = "", XDG_STATE_HOME = "/state", XDG_CONFIG_HOME = "/config" }) do
    processes.set_environment(name, folder .. "/home" .. value)
  end
  flushes = measure.flush_counter(folder)
  peers.build("tests/bench", folder, program)
  local built = measure.read_file(program) ~= nil
  if built then
    run(perilune("step", "bench"))  -- Makes the state folder.
  end
  local groups = groups_of(built)
  for round = 1, rounds do
    io.stderr:write(("round %d of %d\n"):format(round, rounds))
    take_round(groups)
  end
  print(("Medians of %d rounds; a ratio is how many times the peer's cost Perilune's is.")
    :format(rounds))
  show.groups(groups)
  if not built then
    print("skipped: " .. program .. " is not built; only the peers are measured")
  end
  if not flushes then
    print("skipped: the kernel counts no flushes for " .. folder)
  end
end

local ended_well, message = pcall(main)
if not ended_well then
  io.stderr:write("bench: ", tostring(message), "\n")
  os.exit(1)
end
