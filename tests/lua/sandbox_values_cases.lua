-- Attacks that end in a value or an error: in order, in random order, and in several processes.
local rig = require("rig")
local snippets = require("sandbox_more_snippets").list

local cases = {}

-- Executes snippets by name and asks the host for something after each.
local executor = [[
local M = {}

local function outcome_of(name)
  local said = ""
  local function print(...)
    for i = 1, select("#", ...) do said = said .. " " .. tostring((select(i, ...))) end
  end
  local ok, raised = pcall(require(name), print)
  local told = type(raised) == "table" and raised.message or tostring(raised)
  if not ok then said = said .. " " .. told end
  return (said:gsub("%s+", " "))
end

function M.outcomes(names)
  local outcomes = {}
  for i, name in ipairs(names) do
    outcomes[i] = outcome_of(name)
    local found = storage("other"):list {}
    ensure(#found == 1 and found[1].key == "probe", "The host answers after " .. name)
  end
  return outcomes
end

return M
]]

local function prepare(w)
  w:file("other/probe", "here")
  w:file("library/lib/executor.lua", executor)
  for _, snippet in ipairs(snippets) do
    w:file("library/lib/" .. snippet.name:lower() .. ".lua",
      "return function(print)\n" .. snippet.text .. "\nend\n")
  end
end

local function body_of(names)
  return "    return require('executor').outcomes { '" .. table.concat(names, "', '") .. "' }"
end

local function names_in_order()
  local names = {}
  for i, snippet in ipairs(snippets) do names[i] = snippet.name:lower() end
  return names
end

-- The outcomes that a run ended with, in the order of its snippets.
local function outcomes_of(w, run)
  local outcomes = {}
  local listed = w:sql(("select value from record, json_each(body, '$.value') where "
    .. "kind = 'end' and record.run = (select no from run where id = '%s')"):format(run))
  for line in (listed .. "\n"):gmatch("([^\n]*)\n") do outcomes[#outcomes + 1] = line end
  return outcomes
end

local by_name = {}
for _, snippet in ipairs(snippets) do by_name[snippet.name:lower()] = snippet end

local function check(w, names, outcomes, note)
  w:equal(#names, #outcomes, "How many snippets ended" .. note)
  local of_name = {}
  for i, name in ipairs(names) do
    local outcome, expected = outcomes[i], by_name[name].expected
    local problem = outcome:find("BREACH", 1, true) and "is a breach"
      or not outcome:find(expected, 1, true) and "should hold: " .. expected
      or outcome:find("0x", 1, true) and "shows an address"
      or outcome:find(w.folder, 1, true) and "shows a path of the host"
      or of_name[name] and of_name[name] ~= outcome and "was before: " .. of_name[name]
    if problem then error(name .. note .. " ended with: " .. outcome .. "\nIt " .. problem, 0) end
    of_name[name] = outcome
  end
end

local function check_next_script(w)
  w:body("    return 1 + 1", nil, "harmless")
  w:perilune("run harmless --environment here --no-input --json"):exits(0):says('"value":2')
end

local function twice(names)
  local both = {}
  for i, name in ipairs(names) do both[i], both[i + #names] = name, name end
  return both
end

function cases.attacks_end_in_values_and_errors_twice_in_one_process(w)
  prepare(w)
  local names = twice(names_in_order())
  w:body(body_of(names))
  w:run():exits(0)
  check(w, names, outcomes_of(w, "case"), "")
  check_next_script(w)
end

-- Two child runs: two processes of scripts under one host.
function cases.attacks_end_the_same_in_every_process(w)
  prepare(w)
  local names = names_in_order()
  w:body(body_of(names), nil, "attacks")
  w:body [[ return { run_runbook("attacks"), run_runbook("attacks") } ]]
  w:run():exits(0)
  local runs = w:sql("select id from run where parent is not null order by no")
  local of_runs = {}
  for run in runs:gmatch("[^\n]+") do
    local outcomes = outcomes_of(w, run)
    check(w, names, outcomes, " in " .. run)
    of_runs[#of_runs + 1] = table.concat(outcomes, "\n")
  end
  w:equal(2, #of_runs, "Child runs")
  w:equal(of_runs[1], of_runs[2], "The outcomes in another process")
end

-- A plan executes other code: a copy of the script's text that knows what is not known yet. What it
-- saw leaves it by a program that the environment declares as one that only looks.
function cases.attacks_end_the_same_in_a_plan(w)
  prepare(w)
  local names = twice(names_in_order())
  w:body(([[
    local outcomes = require("executor").outcomes { '%s' }
    process("local"):inspect { program = "peek", arguments = { "-c",
      "printf '%%s\\n' \"$@\" >@W@/planned", "peek", unpack(outcomes) } }
  ]]):format(table.concat(names, "', '")))
  w:perilune("plan book --environment here --no-input"):exits(0)
  local outcomes = {}
  for line in w:read("planned"):gmatch("([^\n]*)\n") do outcomes[#outcomes + 1] = line end
  check(w, names, outcomes, " in a plan")
end

-- PERILUNE_SANDBOX_SEED executes one order again.
function cases.attacks_end_the_same_in_random_order(w)
  prepare(w)
  local seed = tonumber(os.getenv("PERILUNE_SANDBOX_SEED") or "") or os.time() % 1e6
  print("attacks_end_the_same_in_random_order: PERILUNE_SANDBOX_SEED=" .. seed)
  math.randomseed(seed)
  local names = twice(names_in_order())
  for i = #names, 2, -1 do
    local j = math.random(i)
    names[i], names[j] = names[j], names[i]
  end
  w:body(body_of(names))
  w:run():exits(0)
  check(w, names, outcomes_of(w, "case"), " in the order of seed " .. seed)
  check_next_script(w)
end

return cases
