-- drill { … }: a file of drills/, executed a part at a time as a run of its own.
local errors = require "vocabulary.errors"
local options = require "vocabulary.options"
local runbook = require "vocabulary.runbook"
local scheduler = require "vocabulary.scheduler"
local targets = require "vocabulary.targets"

local M = {}

-- What the word takes, each by a reader of the module options.
local allowed = {
  summary = "text", runbook = "text", environment = "text", notice = "duration",
  prepare = "function", before = "function", disaster = "function", parameters = "function",
  check = "function",
  put_back = "function", probe = "any", mark = "any", guard = "any", answers = "any",
  simulated = "any",
}
local probe_fields = { url = "text", resolve = "text", every = "duration", timeout = "duration",
  status = "count", contains = "text" }
local mark_fields = { target = "text", survivor = "text", every = "duration", name = "text" }
local guard_fields = { outage = "duration", within = "duration" }
local answer_fields = { answer = "any", after = "duration", by = "text", reason = "text" }

local function refuse(message, at) errors.raise("bad_runbook", message, "never", at) end

local function need(found, what, at)
  if not found then refuse(what, at) end
  return found
end

local function read_marks(given, at)
  if given == nil then return {} end
  if type(given) ~= "table" then refuse("mark of drill is a table, or a list of tables.", at) end
  local marks = {}
  for index, one in ipairs(given[1] and given or { given }) do
    local mark = options.read(one, mark_fields, "mark of drill", at)
    need(mark.target, "mark of drill needs target, such as \"database/primary\".", at)
    mark.survivor = mark.survivor or mark.target
    mark.every = mark.every or 0.1
    mark.name = mark.name or mark.target
    marks[index] = mark
  end
  return marks
end

local function read_answers(given, at)
  local answers = {}
  for name, one in pairs(given or {}) do
    if type(one) == "table" then
      answers[name] = options.read(one, answer_fields,
        ("the answer to \"%s\""):format(tostring(name)), at)
      need(answers[name].answer ~= nil, "An answer of a drill needs answer.", at)
    else
      answers[name] = { answer = one }
    end
  end
  return answers
end

-- Texts; those with a target's name begin with it.
local function read_simulated(given, at)
  local texts = {}
  if type(given or {}) ~= "table" then refuse("simulated of drill is a list of texts.", at) end
  for name, text in pairs(given or {}) do
    if type(text) ~= "string" then
      refuse("simulated of drill holds texts: what is no real service, and what stands in for it.",
        at)
    end
    texts[#texts + 1] = type(name) == "string" and name .. ": " .. text or text
  end
  table.sort(texts)
  return texts
end

-- What is told of the drill before any of its functions is called: plain data.
local function facts_of(given, at)
  local facts = {
    runbook = need(given.runbook, "drill needs runbook = \"NAME\".", at),
    environment = need(given.environment, "drill needs environment = \"NAME\".", at),
    notice = given.notice or 0, marks = read_marks(given.mark, at),
    answers = read_answers(given.answers, at), simulated = read_simulated(given.simulated, at),
  }
  need(given.disaster, "drill needs disaster = function(on) … end: how it is caused.", at)
  local probe = options.read(need(given.probe,
    "drill needs probe = { url = \"http://…\" }: what a user would ask.", at), probe_fields,
    "probe of drill", at)
  need(probe.url, "probe of drill needs url.", at)
  probe.every, probe.timeout = probe.every or 0.2, probe.timeout or 1
  probe.status = probe.status or 200
  facts.probe = probe
  facts.guard = options.read(given.guard or {}, guard_fields, "guard of drill", at)
  for _, part in ipairs { "prepare", "before", "parameters", "check", "put_back" } do
    facts["has_" .. part] = given[part] ~= nil
  end
  return facts
end

local words  -- The families' functions and the vocabulary, as a runbook has them.
local wire

local function signal(name, which)
  local services = words.process("services")
  local status = services:status { key = name }
  if not status or status.state ~= "running" then
    errors.raise("not_running", ("The service %s is not running, so it cannot be sent %s.")
      :format(name, which), "never", scheduler.position())
  end
  services:run { program = "signal", arguments = { "-" .. which, tostring(status.pid) } }
  if which == "KILL" then services:wait_ended { key = name, within = "10s" } end
end

local function output_of(services, name)
  local lines = {}
  for _, line in ipairs(services:output { key = name, lines_max = 5 }.lines) do
    lines[#lines + 1] = line.text
  end
  return table.concat(lines, " | ")
end

local function wait_service(name)
  local services = words.process("services")
  words.wait_until(("The service %s serves"):format(name), { within = "2m", every = "0.1s" },
    function()
      local status = services:status { key = name }
      if not status or status.state ~= "running" then
        errors.raise("service_ended", ("The service %s has ended: %s"):format(name,
          output_of(services, name)), "never")
      end
      return services:inspect { program = name .. "-ready", arguments = { "ready" } }
        .exit_code == 0
    end)
end

local function start_service(name)
  words.process("services"):start { key = name, program = name, arguments = { "run" } }
end

-- A service of the drill, as its functions see it: its facts, and what can be done to it.
local function service(run_table, name)
  local facts = ((run_table.services or {}).facts or {})[name]
  if not facts then
    errors.raise("bad_argument", ("This drill's environment starts no service %s."):format(
      tostring(name)), "never", scheduler.position())
  end
  local secrets = {}
  for _, fact in ipairs(((run_table.services or {}).secrets or {})[name] or {}) do
    secrets[fact] = wire.secret { { "", name .. "." .. fact, "services", "", "raw" } }
  end
  return setmetatable({
    kill = function() signal(name, "KILL") end,
    -- It dies, and what it has kept is gone: started again, it is empty.
    destroy = function()
      signal(name, "KILL")
      words.process("services"):run { program = name .. "-clean", arguments = { "clean" } }
    end,
    freeze = function() signal(name, "STOP") end,
    thaw = function() signal(name, "CONT") end,
    stop = function() words.process("services"):stop { key = name, grace = "20s" } end,
    start = function()
      start_service(name)
      wait_service(name)
    end,
  }, { __index = function(_, fact) return secrets[fact] or facts[fact] end })
end

-- What a drill's functions are given: `on.disaster_at`, `on.service(name)`, and the families, whose
-- handles also have `kill`: the service behind a target dies.
local function make_on(run_table, disaster_at)
  local on = { disaster_at = disaster_at, service = function(name)
    return service(run_table, name)
  end }
  return setmetatable(on, { __index = function(_, family)
    local make = words[family]
    return function(name)
      local handle, target = make(name), family .. "/" .. name
      return targets.stand_for(setmetatable({ kill = function()
        local behind = ((run_table.services or {}).targets or {})[target]
        if not behind then
          errors.raise("bad_argument", ("No service of this drill is behind %s."):format(target),
            "never", scheduler.position())
        end
        signal(behind, "KILL")
      end }, { __index = function(_, operation)
        local method = handle[operation]
        return function(_, ...) return method(handle, ...) end
      end }), handle)
    end
  end })
end

local function start_services(run_table)
  local order = (run_table.services or {}).order or {}
  for _, name in ipairs(order) do start_service(name) end
  local branches = {}
  for _, name in ipairs(order) do branches[name] = function() wait_service(name) end end
  if #order > 0 then words.parallel(branches) end
end

local function stop_services(run_table)
  local order, left = (run_table.services or {}).order or {}, {}
  local services = words.process("services")
  for index = #order, 1, -1 do
    local name = order[index]
    local stopped, err = words.try(function()
      services:stop { key = name, grace = "5s" }
      services:run { program = name .. "-clean", arguments = { "clean" } }
    end)
    if not stopped then left[#left + 1] = name .. ": " .. err.message end
  end
  words.ensure(#left == 0, table.concat(left, "; "))
end

---Gives the module the words of runbooks; called once, when the worker's globals are made.
function M.start(vocabulary, with_wire) words, wire = vocabulary, with_wire end

---Declares a drill. Unknown keys are errors.
function M.declare(given)
  local at = scheduler.position()
  given = options.read(given, allowed, "drill", at)
  local facts = facts_of(given, at)
  local parts = {
    services = start_services, stop = stop_services, prepare = given.prepare,
    before = given.before, disaster = given.disaster, parameters = given.parameters,
    check = given.check, put_back = given.put_back,
  }
  local names = { "services", "stop", "prepare", "before", "disaster", "parameters", "check",
    "put_back" }
  return runbook.declare({
    summary = given.summary or ("Drill of %s"):format(facts.runbook),
    on_failure = "stop",
    parameters = {
      part = { type = "string", enum = names, required = true, help = "what is executed of it" },
      disaster_at = { type = "time", help = "when the disaster was caused" },
    },
    run = function(params)
      local part = parts[params.part]
      local own = params.part == "services" or params.part == "stop"
      return part and part(own and words.run or make_on(words.run, params.disaster_at))
    end,
  }, facts)
end

return M
