-- describe, it and what stands around them, in busted's words: collected first, executed later.
local errors = require "vocabulary.errors"
local place = require "testing.place"
local units = require "vocabulary.units"

local M = {}

local root, open, tests, file

local function new_group(name, parent)
  return { name = name, parent = parent, before = {}, after = {}, setup = {}, teardown = {} }
end

function M.start(path)
  file = path
  root = new_group("", nil)
  open, tests = root, {}
end

local function check(word, name, body)
  if not open then
    error(("%s stands inside of a test; write it beside the test."):format(word), 3)
  end
  if type(name) ~= "string" or name == "" then error(word .. " needs a name.", 3) end
  if type(body) ~= "function" then error(word .. " needs a function after its name.", 3) end
end

local function describe(name, body)
  check("describe", name, body)
  local group = new_group(name, open)
  local outer = open
  open = group
  local ok, problem = pcall(body)
  open = outer
  if not ok then error(problem, 0) end
end

local function full_name(group, name)
  while group and group.name ~= "" do
    name, group = group.name .. " " .. name, group.parent
  end
  return name
end

local function add(name, body, pending)
  local full = full_name(open, name)
  for _, other in ipairs(tests) do
    if other.full == full then
      error(("There are two tests named \"%s\" here; the other is at %s.")
        :format(full, other.at), 3)
    end
  end
  tests[#tests + 1] = { name = name, full = full, body = body, group = open, at = place(2) or file,
    pending = pending }
end

local function it(name, body)
  check("it", name, body)
  add(name, body)
end

-- A test that is known to be missing: `pending "name"`, or in place of `it`.
local function pending(name, reason)
  check("pending", name, type(reason) == "function" and reason or function() end)
  add(name, nil, type(reason) == "string" and reason or "")
end

local function around(word, kind)
  return function(body)
    if not open then
      error(word .. " stands inside of a test; write it beside the test.", 2)
    end
    if type(body) ~= "function" then error(word .. " needs a function.", 2) end
    table.insert(open[kind], body)
  end
end

function M.words()
  return {
    describe = describe, context = describe, it = it, spec = it, test = it, pending = pending,
    before_each = around("before_each", "before"), after_each = around("after_each", "after"),
    setup = around("setup", "setup"), lazy_setup = around("lazy_setup", "setup"),
    teardown = around("teardown", "teardown"),
    lazy_teardown = around("lazy_teardown", "teardown"),
  }
end

---What the file holds: list of { name, at, pending }.
function M.list()
  local listed = {}
  for index, one in ipairs(tests) do
    listed[index] = { name = one.full, at = one.at, pending = one.pending }
  end
  open = nil
  return listed
end

local function groups_of(group)
  local list = {}
  while group do
    table.insert(list, 1, group)
    group = group.parent
  end
  return list
end

local entered = {}  -- The groups whose setup has been executed, outermost first.
local shared        -- Whether the test at work executed a setup, which is there for others too.

-- Only lines of the library: where the vocabulary stands says nothing to an author.
local function explain(raised)
  if type(raised) == "table" and rawget(raised, "assertion") then
    return { message = raised.message, at = raised.at, expected = raised.expected,
      found = raised.found }
  end
  local failure = errors.from(raised)
  return { message = failure.message, at = failure.at or place(1), code = failure.code }
end

local stack_is_full = "The stack is full: a function calls itself without end."

local function run(bodies, from, to, step)
  for index = from, to, step do
    local ok, problem = xpcall(bodies[index], explain)
    -- Where the stack is full, there is no room left to explain it.
    if not ok and type(problem) ~= "table" then problem = { message = stack_is_full } end
    if not ok then
      if problem.message == "" then problem.message = stack_is_full end
      return problem
    end
  end
end

local function enter(groups)
  local kept = 0
  while entered[kept + 1] and entered[kept + 1] == groups[kept + 1] do kept = kept + 1 end
  while #entered > kept do
    local left = table.remove(entered)
    local problem = run(left.teardown, #left.teardown, 1, -1)
    if problem then return problem end
  end
  for index = kept + 1, #groups do
    entered[index] = groups[index]
    shared = shared or #groups[index].setup > 0
    local problem = run(groups[index].setup, 1, #groups[index].setup, 1)
    if problem then return problem end
  end
end

local function execute_around(one)
  local groups = groups_of(one.group)
  local problem = enter(groups)
  for index = 1, #groups do
    problem = problem or run(groups[index].before, 1, #groups[index].before, 1)
  end
  problem = problem or run({ one.body }, 1, 1, 1)
  -- What a test leaves is cleared away also where it failed; the first problem is told.
  for index = #groups, 1, -1 do
    local after = run(groups[index].after, #groups[index].after, 1, -1)
    problem = problem or after
  end
  return problem
end

---Executes one test: { outcome = "passed" | "failed" | "pending", problem, story, runs }.
function M.execute(index, world)
  local one = tests[index]
  if not one then
    return { outcome = "failed", problem = { message = "There is no such test." } }
  end
  if not one.body then return { outcome = "pending", reason = one.pending } end
  world.forget()
  shared = false
  local problem = execute_around(one)
  local result = { outcome = problem and "failed" or "passed", problem = problem,
    virtual_s = world.virtual_s(), shared = shared }
  if problem then result.story = world.story() end
  world.forget()
  return result
end

---After the last test: the teardown of what is still entered.
function M.finish()
  local problem = enter({})
  return problem or false
end

M.show_duration = units.show_duration

return M
