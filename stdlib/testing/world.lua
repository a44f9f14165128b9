-- world "production": an environment's targets, simulated, as a test looks at and disturbs them.
local errors = require "vocabulary.errors"
local events = require "testing.events"
local looks = require "testing.looks"
local place = require "testing.place"
local suggest = require "vocabulary.suggest"
local target_handle = require "testing.target_handle"
local units = require "vocabulary.units"

local M = {}

local wire
local made = {}  -- The worlds of this test, for its story.

function M.start(with_wire)
  wire = with_wire
  events.start(wire)
end

-- Asks the simulator; what it refuses, or others raised meanwhile, is raised where the test asked.
local function ask(question)
  events.note(question)
  local answer = wire.ask(question)
  events.check()
  if answer.error then
    local failure = errors.make(answer.error)
    failure.at = failure.at or place(1)
    error(failure, 0)
  end
  return answer.value
end

-- w.database("primary") and w.database.primary.
local function family_handle(self, family)
  local function find(name)
    local full = family .. "/" .. tostring(name)
    local facts = self.targets[full]
    if facts then return target_handle.make(ask, self.id, full, facts) end
    local known = {}
    for target in next, self.targets do
      local one = target:match("^" .. family .. "/(.+)$")
      if one then known[#known + 1] = one end
    end
    error(("The environment %s has no target %s. It has: %s.%s"):format(self.environment, full,
      target_handle.list_names(known), suggest.did_you_mean(tostring(name), known)), 3)
  end
  return setmetatable({}, {
    __metatable = "family",
    __index = function(_, name) return find(name) end,
    __call = function(_, name) return find(name) end,
    __newindex = function() error("A family cannot be assigned to.", 2) end,
  })
end

-- All targets of a family, looked at together: those of which `test` is true, by name.
local function which(self, family, test)
  local found = {}
  for target, facts in next, self.targets do
    local name = not facts.same_as and target:match("^" .. family .. "/(.+)$")
    if name and test(ask({ kind = "look", world = self.id, target = target })) then
      found[#found + 1] = name
    end
  end
  table.sort(found)
  return found
end

local family_words = {
  database = {
    primaries = function(self)
      return which(self, "database", function(seen) return seen.role == "primary" end)
    end,
    -- Those that take writes, but for copies that may be thrown away: more than one of the same
    -- data is a split brain.
    writers = function(self)
      return which(self, "database", function(seen)
        return seen.writable == true and not seen.disposable
      end)
    end,
  },
}

local function families_handle(self)
  return setmetatable({}, { __metatable = "families", __index = function(_, family)
    local words = family_words[family]
    if not words then error("There is nothing to ask of all targets of " .. family .. ".", 2) end
    return setmetatable({}, { __metatable = "family", __index = function(_, word)
      local body = words[word]
      if not body then error(("%s has no word %s."):format(family, tostring(word)), 2) end
      return function() return body(self) end
    end })
  end })
end

local run_options = { answers = true, who = true, outage_began = true, dies_at_commit = true,
  overtaken_at_commit = true, within = true, id = true }

local function read_options(options)
  local given = {}
  for name, value in next, options or {} do
    if not run_options[name] then
      error(("There is no option %s.%s"):format(tostring(name),
        suggest.did_you_mean(tostring(name), target_handle.keys(run_options))), 3)
    end
    given[name] = value
  end
  if given.within then given.within = units.read_duration(given.within) end
  return given
end

local methods = {}

---Executes a runbook until it rests. Returns { id, outcome, exit, reason, value, took_s, asks,
---log, steps, left }; log has the lines that it logged.
function methods.run(self, runbook, parameters, options)
  return ask({ kind = "run", world = self.id, runbook = runbook, parameters = parameters or {},
    options = read_options(options) })
end

---Goes on with a run that rests, or whose host died.
function methods.resume(self, run, options)
  return ask({ kind = "resume", world = self.id, run = type(run) == "table" and run.id or run,
    options = read_options(options) })
end

for _, command in ipairs { "undo", "cancel", "retry", "skip", "settle", "approve", "reject",
  "answer", "signal" } do
  methods[command] = function(self, run, body, options)
    return ask({ kind = "steer", world = self.id, run = type(run) == "table" and run.id or run,
      command = command, body = body or {}, options = read_options(options) })
  end
end

---What was done so far prepared the world: stories, calls and questions begin here.
function methods.prepared(self)
  ask({ kind = "prepared", world = self.id })
  self.prepared_at = #ask({ kind = "effects", world = self.id })
end

-- How often "dns/site:upsert" was called; where its first effect stands among all, for what must
-- come before what; all texts that went out, to "notify/team" or to anybody, as one.
function methods.times(self, name) return looks.times(self, ask, name) end
function methods.place(self, name, from) return looks.place(self, ask, name, from) end
function methods.told(self, target) return looks.told(self, ask, target) end

---Unix seconds of the world's clock.
function methods.now(self) return ask({ kind = "now", world = self.id }) end

---All that is to be seen of a target now, as plain data: w:look "deploy/shop".
function methods.look(self, target)
  return ask({ kind = "look", world = self.id, target = tostring(target) })
end

---The target's own name, which it has beside those that are the same_as it.
function methods.own_name(self, target)
  local facts = self.targets[tostring(target)]
  return facts and facts.same_as or tostring(target)
end

---Whether the environment says that a target uses another.
function methods.uses(self, target, other)
  local facts = self.targets[methods.own_name(self, target)]
  return facts ~= nil and facts.uses[methods.own_name(self, other)] == true
end

---What can be done to a target from outside, by name: w:controls "deploy/shop".
function methods.controls(self, target)
  local facts = self.targets[tostring(target)]
  if not facts then error(("This world has no target %s."):format(tostring(target)), 2) end
  return target_handle.keys(facts.controls)
end

---Lets time pass.
function methods.advance(self, duration)
  local seconds, expected = units.read_duration(duration)
  if not seconds then error("advance needs " .. expected .. ".", 2) end
  ask({ kind = "advance", world = self.id, seconds = seconds })
end

---The next call of "dns/site:upsert" goes wrong: { how = "before" | "dropped" | "after" |
---"failed" | "throttled" | "late", skip = 0, times = 1, late = "30s", code, message }.
function methods.fails(self, operation, how)
  local fault = { how = "failed" }
  for name, value in next, how or {} do fault[name] = value end
  fault.target, fault.operation = target_handle.read_operation(self.targets, operation, "fails")
  if fault.late then fault.late = units.read_duration(fault.late) end
  ask({ kind = "fault", world = self.id, fault = fault })
end

---Just before the next call of "dns/site:upsert" is executed, `body(w, call)` is: what somebody
---else does at that moment. `call` has target, operation and arguments; options: { skip = 0 }.
function methods.just_before(self, operation, body, options)
  if type(body) ~= "function" then error("just_before needs a function.", 2) end
  local fault = { how = "meanwhile", skip = (options or {}).skip }
  fault.target, fault.operation = target_handle.read_operation(self.targets, operation,
    "just_before")
  fault.body = events.add(function(call) body(self.itself, call) end)
  ask({ kind = "fault", world = self.id, fault = fault })
end

local properties = {
  calls = function(self) return ask({ kind = "calls", world = self.id }) end,
  questions = function(self) return ask({ kind = "questions", world = self.id }) end,
  -- The targets that the runbooks executed since it was prepared name as theirs.
  may_use = function(self) return ask({ kind = "may_use", world = self.id }) end,
  targets = function(self) return target_handle.keys(self.targets) end,
  -- The same, each once: without other names of what is there already.
  things = function(self)
    local names = {}
    for target, facts in next, self.targets do
      if not facts.same_as then names[#names + 1] = target end
    end
    table.sort(names)
    return names
  end,
  sent = function(self) return looks.sent(self, ask) end,
  effects = function(self) return ask({ kind = "effects", world = self.id }) end,
  changes = function(self) return looks.changes(self, ask) end,
  families = families_handle,
}

-- `at`: Unix seconds when it begins. `recorded`: what targets answered in a run, by call, each a
-- list in order; `perilune test --from-run` writes it.
local world_options = { seed = true, at = true, recorded = true }

---Makes the world of an environment of the library.
function M.make(environment, options)
  if type(environment) ~= "string" then
    error("world needs the name of an environment: world \"production\".", 2)
  end
  options = options or {}
  for name in next, options do
    if not world_options[name] then
      error(("A world has no option %s. It has: %s."):format(tostring(name),
        target_handle.list_names(target_handle.keys(world_options))), 2)
    end
  end
  local told = ask({ kind = "world", environment = environment, seed = options.seed,
    at = options.at, recorded = options.recorded })
  local self = { id = told.id, targets = told.targets, environment = environment, prepared_at = 0 }
  local families = {}
  for target in next, self.targets do families[target:match("^[^/]+")] = true end
  made[#made + 1] = self
  self.itself = setmetatable({}, {
    __metatable = "world",
    __newindex = function() error("A world cannot be assigned to.", 2) end,
    __index = function(_, word)
      if families[word] then return family_handle(self, word) end
      if properties[word] then return properties[word](self) end
      local method = methods[word]
      if method then return function(_, ...) return method(self, ...) end end
      local known = {}
      for _, names in ipairs { families, properties, methods } do
        for name in next, names do known[#known + 1] = name end
      end
      error(("A world has no %s.%s"):format(tostring(word), suggest.did_you_mean(tostring(word),
        known)), 2)
    end,
  })
  return self.itself
end

---What happened in the worlds of this test, for its failure.
function M.story()
  local parts = {}
  for _, one in ipairs(made) do
    parts[#parts + 1] = wire.ask({ kind = "story", world = one.id }).value
  end
  local deeds = events.story()
  if deeds ~= "" then parts[#parts + 1] = deeds end
  return table.concat(parts, "\n")
end

function M.virtual_s()
  local total = 0
  for _, one in ipairs(made) do
    total = total + (wire.ask({ kind = "passed", world = one.id }).value or 0)
  end
  return total
end

function M.forget()
  made = {}
  events.forget()
  wire.ask({ kind = "forget" })
end

return M
