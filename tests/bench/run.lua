-- Measures Perilune against peers on this machine and prints medians over interleaved rounds.
-- Executed as `luajit tests/bench/run.lua [--rounds N]` from the root; ./dev bench builds first.
package.path = "tests/bench/?.lua;" .. package.path

local measure = require("measure")
local peers = require("peers")

local folder = os.getenv("PWD") .. "/.build/bench"
local program = ".build/release/bin/perilune"
local program_count, change_count = 100, 1000
local rounds = arg[1] == "--rounds" and tonumber(arg[2]) or 5
local flushes

local function exists(command)
  return os.execute(("command -v '%s' >/dev/null 2>&1"):format(command)) == 0
end

-- Runs a program once: its seconds, its output, and the flushes meanwhile for each of `count`.
local function run(argv, count)
  local before = flushes and flushes()
  local took_s, output = measure.run(argv, folder .. "/output.log")
  return took_s, output, before and (flushes() - before) / (count or 1)
end

local function perilune(runbook, ...)
  return { program, "run", runbook, "--library", "tests/bench/library", "--environment", "bench",
    "--no-input", ... }
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
local function changes_row(name, runbook, cold)
  return { name = name, samples = 1, sample = function()
    os.execute(("rm -rf '%s/box' && mkdir '%s/box'"):format(folder, folder))
    local took_s, _, per_piece = run(perilune(runbook, "count=" .. change_count), change_count)
    return change_count / (took_s - measure.median(cold.values) / 1000), per_piece
  end }
end

local function cold_group(built, cold)
  local rows = {
    time_row("C++ program, same libraries", 10, { folder .. "/lua_state" }),
  }
  if exists("ansible-playbook") then
    rows[2] = time_row("ansible-playbook, one task", 1,
      { "ansible-playbook", "-i", "localhost,", "tests/bench/one_task.yml" })
  else
    rows[2] = { name = "ansible-playbook, one task", skipped = "not installed" }
  end
  return { title = "Cold start of one step", unit = "ms", ours = built and cold, rows = rows }
end

local function groups_of(built)
  local cold = time_row("perilune run, one step", 10, perilune("step"))
  return {
    cold_group(built, cold),
    {
      title = program_count .. " programs, each a durable step", unit = "ms",
      ours = built and time_row("perilune run", 1, perilune("programs", "count=" .. program_count),
        program_count),
      rows = {
        time_row("posix_spawn, nothing durable", 1, {
          folder .. "/spawn_true", tostring(program_count),
        }),
      },
    },
    {
      title = "Durable changes, one after the other", unit = "per s", more_is_better = true,
      ours = built and changes_row("perilune run", "changes", cold),
      rows = {
        rate_row("SQLite commits, WAL and FULL", {
          folder .. "/commits", folder .. "/peer/commits.db", tostring(change_count),
        }),
        rate_row("files written durably, no journal", {
          folder .. "/durable_files", folder .. "/peer", tostring(change_count),
        }),
      },
    },
    {
      title = "Durable changes, fifty branches at once", unit = "per s", more_is_better = true,
      ours = built and changes_row("perilune run", "branches", cold), rows = {},
    },
  }
end

local function each_row(group, visit)
  if group.ours then
    visit(group.ours)
  end
  for _, row in ipairs(group.rows) do
    if not row.skipped then
      visit(row)
    end
  end
end

local function take_round(groups)
  for _, group in ipairs(groups) do
    each_row(group, function(row)
      row.values, row.flushes = row.values or {}, row.flushes or {}
      for _ = 1, row.samples do
        local value, per_piece = row.sample()
        row.values[#row.values + 1] = value
        row.flushes[#row.flushes + 1] = per_piece
      end
    end)
  end
end

local function print_row(group, row)
  if row.skipped then
    print(("  %-36s %10s  %s"):format(row.name, "skipped", row.skipped))
    return
  end
  local value = measure.median(row.values)
  local line = ("  %-36s %10.1f %-6s"):format(row.name, value, group.unit)
  if #row.flushes > 0 then
    line = line .. (" %6.2f flushes each"):format(measure.median(row.flushes))
  end
  if group.ours and row ~= group.ours then
    local ours = measure.median(group.ours.values)
    line = line .. ("   ratio %.3g"):format(group.more_is_better and value / ours or ours / value)
  end
  print((line:gsub("%s+$", "")))
end

local function print_group(group)
  if not group.ours and #group.rows == 0 then
    return
  end
  print(group.title)
  if group.ours then
    print_row(group, group.ours)
  end
  for _, row in ipairs(group.rows) do
    print_row(group, row)
  end
end

local function main()
  os.execute(("mkdir -p '%s/box'"):format(folder))
  -- Runs of a benchmark belong in no one's real state, and SQLite's file in the same file system.
  os.execute(("rm -rf '%s/home' && mkdir '%s/home'"):format(folder, folder))
  for name, value in pairs({ HOME = "", XDG_STATE_HOME = "/state", XDG_CONFIG_HOME = "/config" }) do
    measure.set_environment(name, folder .. "/home" .. value)
  end
  flushes = measure.flush_counter(folder)
  peers.build("tests/bench", folder, program)
  local built = measure.read_file(program) ~= nil
  local groups = groups_of(built)
  for round = 1, rounds do
    io.stderr:write(("round %d of %d\n"):format(round, rounds))
    take_round(groups)
  end
  print(("Medians of %d rounds; a ratio is how many times the peer's cost Perilune's is.")
    :format(rounds))
  if not built then
    print(program .. " is not built: only the peers are measured.")
  end
  if not flushes then
    print("The kernel counts no flushes for " .. folder .. ".")
  end
  for _, group in ipairs(groups) do
    print_group(group)
  end
end

local ended_well, message = pcall(main)
if not ended_well then
  io.stderr:write("bench: ", tostring(message), "\n")
  os.exit(1)
end
