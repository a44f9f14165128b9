-- Measures Perilune against peers on this machine and prints medians over interleaved rounds.
-- Executed as `luajit tests/bench/run.lua [--rounds N] [--only TEXT]` from the root; ./dev bench
-- builds first. docs/performance.md says what the figures were and where the time goes.
package.path = "tests/bench/?.lua;" .. package.path

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

local rounds = tonumber(option("--rounds", "5"))

-- Runs of a benchmark belong in no one's real state.
local function settle_home()
  os.execute(("rm -rf '%s/home' && mkdir -p '%s/home'"):format(ours.folder, ours.folder))
  for name, value in pairs({ HOME = "", XDG_STATE_HOME = "/state", XDG_CONFIG_HOME = "/config" }) do
    processes.set_environment(name, ours.folder .. "/home" .. value)
  end
end

local function prepare(groups)
  for _, group in ipairs(groups) do
    for _, row in ipairs(group.rows) do
      row.figures = {}
      row.sample, row.reason = row.prepare()
    end
  end
end

local function keep(row, kind, value)
  row.figures[kind] = row.figures[kind] or {}
  table.insert(row.figures[kind], value)
end

local function take_round(groups)
  for _, group in ipairs(groups) do
    show.each_row(group, function(row)
      for _ = 1, row.samples or 1 do
        local value, beside = row.sample()
        keep(row, "value", value)
        for kind, counted in pairs(beside or {}) do
          keep(row, kind, counted)
        end
      end
    end)
  end
end

local function main()
  settle_home()
  local groups = require("groups")
  local chosen = groups.matching(option("--only", ""))
  peers.build("tests/bench", ours.folder, ours.program)
  prepare(chosen)
  for round = 1, rounds do
    io.stderr:write(("round %d of %d\n"):format(round, rounds))
    take_round(chosen)
  end
  for _, environment in ipairs({ "memory", "bench" }) do
    ours.remove_box(environment)
  end
  print(("Medians of %d rounds; a ratio is Perilune's figure divided by the peer's."):format(
    rounds))
  show.groups(chosen)
  show.goals(chosen)
  show.skipped(chosen)
  if not groups.counts_flushes then
    print("skipped: the kernel counts no flushes for " .. ours.folder)
  end
end

local ended_well, message = pcall(main)
if not ended_well then
  io.stderr:write("bench: ", tostring(message), "\n")
  os.exit(1)
end
