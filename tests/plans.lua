-- Plans of the teams' runbooks in production, with doubles and servers of this machine in place of
-- the providers: luajit tests/plans.lua [--show] [TEAM …]
--
-- PERILUNE_BIN names the folder of the programs. The environment is each team's production.yaml,
-- unchanged but for where things are and by which credentials (plans/places.lua). A plan must show
-- what it says, in this order, and nothing anywhere may be changed by it. --show prints the plans.
-- A team may have commands of its page besides that are executed.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/plans/?.lua;" .. here .. "/lua/?.lua;" .. here .. "/../stdlib/?.lua;"
  .. package.path

local rig = require("rig")
local stages = require("stage")

stages.tests = here
stages.programs = os.getenv("PERILUNE_BIN") or ".build/release/bin"
local source = rig.shell("realpath " .. rig.quoted(here .. "/.."))
local passed, failed, missing = 0, 0, {}
local shows_all = false

local function tell(what, problems, output)
  if #problems == 0 then
    passed = passed + 1
  else
    failed = failed + 1
    print(("FAILED %s\n  %s\n%s"):format(what, table.concat(problems, "\n  "), output or ""))
  end
end

-- The texts that are not there in this order.
local function out_of_order(output, texts)
  local at = 1
  for _, text in ipairs(texts) do
    local first, last = output:find(text, at, true)
    if not first then
      return { (output:find(text, 1, true) and "not in its place: " or "not shown: ") .. text }
    end
    at = last + 1
  end
  return {}
end

-- What stands under a plan's heading, line by line.
local function section(output, heading)
  local lines = {}
  local inside = ("\n" .. output .. "\n\n"):match("\n" .. heading .. "[^\n]*\n(.-)\n\n") or ""
  for line in (inside .. "\n"):gmatch("  ([^\n]+)\n") do lines[#lines + 1] = line end
  return lines
end

-- Every line under a heading is announced, and every announced line is there.
local function unlike(output, heading, announced)
  local problems, lines = {}, section(output, heading)
  for _, line in ipairs(lines) do
    local known = false
    for _, text in ipairs(announced) do known = known or line:find(text, 1, true) ~= nil end
    if not known then problems[#problems + 1] = heading .. ", unannounced: " .. line end
  end
  for _, text in ipairs(announced) do
    if not table.concat(lines, "\n"):find(text, 1, true) then
      problems[#problems + 1] = heading .. ", missing: " .. text
    end
  end
  return problems
end

local function add(all, more)
  for _, one in ipairs(more) do all[#all + 1] = one end
end

local function changed(before, after)
  local problems = {}
  for name, was in pairs(before) do
    if after[name] ~= was then
      problems[#problems + 1] = ("%s was changed: %s, then %s"):format(name, was, after[name])
    end
  end
  return problems
end

-- A secret that stands in a plan, by its name.
local function shown_secrets(output, secrets)
  local problems = {}
  for name, value in pairs(secrets) do
    local password = value:match("^%w+://[^:/]*:([^@]+)@") or value
    if output:find(password, 1, true) then problems[#problems + 1] = "shows the secret " .. name end
  end
  return problems
end

-- Who executes exactly what was shown makes the plan anew, which must have the same digest.
local function other_digest(stage, words, output)
  local shown = output:match("\nPlan (%x+)")
  local again = stage:perilune(words):match("\nPlan (%x+)")
  return shown == again and {} or { ("made anew, it is another plan: %s, then %s"):format(
    tostring(shown), tostring(again)) }
end

local function check_plan(stage, plan)
  if plan.prepare then
    plan.prepare(stage)
    stage:requests()
  end
  local words = ("plan %s --environment production %s"):format(plan.runbook,
    plan.parameters and plan.parameters(stage) or "")
  local before = stage:state_of_all()
  local output, code = stage:perilune(words)
  local problems = out_of_order(output, plan.shows)
  if code ~= (plan.fails and 1 or 0) then table.insert(problems, 1, "exit code " .. code) end
  add(problems, other_digest(stage, words, output))
  add(problems, unlike(output, "Asks people", plan.asks or {}))
  add(problems, unlike(output, "Assumed to hold", plan.assumes or {}))
  add(problems, unlike(output, "Not planned", plan.not_planned or {}))
  add(problems, unlike(output, "Could not be read", plan.unanswered or {}))
  add(problems, unlike(output, "Would fail", plan.fails or {}))
  add(problems, shown_secrets(output, stage.secrets))
  add(problems, shown_secrets(output, stage.hidden))
  add(problems, changed(before, stage:state_of_all()))
  local asked = stage:requests()
  add(problems, asked.wrong)
  for _, request in ipairs(asked.changing) do
    local harmless = false
    for _, one in ipairs(stage.reads_by_post) do harmless = harmless or request == one end
    if not harmless then problems[#problems + 1] = "asked: " .. request end
  end
  tell(("%s: %s"):format(stage.team, words), problems, output)
  if shows_all then print("$ perilune " .. words .. "\n" .. output .. "\n") end
end

-- A command of the team's page, executed: what it wrote, how it ended, and what has come of it.
local function check_run(stage, one)
  if one.prepare then one.prepare(stage) end
  local output, code = stage:perilune(one.words, one.within)
  local problems = out_of_order(output, one.shows)
  if code ~= one.exit then table.insert(problems, 1, "exit code " .. code) end
  add(problems, shown_secrets(output, stage.secrets))
  add(problems, stage:requests().wrong)
  add(problems, one.afterwards(stage))
  tell(("%s: %s"):format(stage.team, one.words), problems, output)
  if shows_all then print("$ perilune " .. one.words .. "\n" .. output .. "\n") end
end

-- Whatever place is left where production has it must be noticed.
local function check_places(stage, problems)
  tell(stage.team .. ": the environment is production's but for places", problems)
  local unnoticed = {}
  for name, settings in pairs(stage.over.targets) do
    for key in pairs(settings) do
      local left = {}
      for one, value in pairs(settings) do left[one] = one ~= key and value or nil end
      stage.over.targets[name] = left
      if key ~= "ca_file" and #stage:place_problems() == 0 then
        unnoticed[#unnoticed + 1] = name .. ": " .. key
      end
      stage.over.targets[name] = settings
    end
  end
  tell(stage.team .. ": a place that is left as production has it is noticed", unnoticed)
end

local function check_team(name)
  local team = require(name)
  add(missing, team.without or {})
  local stage
  local ok, problem = xpcall(function()
    stage = stages.open(name, source, team.services)
    stage.reads_by_post, stage.hidden = team.reads_by_post or {}, team.hidden or {}
    if team.fill then team.fill(stage) end
    check_places(stage, stage:environment(team.targets(stage.facts), team.secrets(stage.facts)))
    if team.prepare then team.prepare(stage) end
    stage:requests()
    for _, plan in ipairs(team.plans) do check_plan(stage, plan) end
    for _, one in ipairs(team.runs or {}) do check_run(stage, one) end
  end, debug.traceback)
  if stage then stage:close() end
  if not ok then tell(name, { tostring(problem) }) end
end

-- Each team by a process of its own, two at a time: most of it is waiting for services to start.
local function check_side_by_side(names)
  local command = ("%s %s%s %%s 2>&1"):format(rig.quoted(arg[-1] or "luajit"), rig.quoted(arg[0]),
    shows_all and " --show" or "")
  local under_way = {}
  for place = 1, #names + 1 do
    if names[place] then under_way[place] = assert(io.popen(command:format(names[place]))) end
    if under_way[place - 1] then
      local output = under_way[place - 1]:read("*a")
      under_way[place - 1]:close()
      local told, well, badly, without =
        output:match("^(.-)plans: (%d+) passed, (%d+) failed; without a double: ([^\n]*)\n$")
      io.write(told or output)
      passed, failed = passed + (tonumber(well) or 0), failed + (tonumber(badly) or 1)
      if without and without ~= "none" then missing[#missing + 1] = without end
    end
  end
end

local teams = {}
for _, word in ipairs(arg) do
  if word == "--show" then shows_all = true else teams[#teams + 1] = word end
end
if #teams == 0 then
  check_side_by_side { "cleanstation", "eclipselink", "eleva", "vera", "vibelog" }
else
  for _, name in ipairs(teams) do check_team(name) end
end
print(("plans: %d passed, %d failed; without a double: %s"):format(passed, failed,
  #missing > 0 and table.concat(missing, ", ") or "none"))
os.exit(failed == 0 and passed > 0 and 0 or 1)
