-- parallel, each and meanwhile: several strands at once, joined again.
local bounds = require "vocabulary.bounds"
local errors = require "vocabulary.errors"
local options = require "vocabulary.options"
local scheduler = require "vocabulary.scheduler"
local steps = require "vocabulary.steps"

local M = {}

-- What a branch's strand executes. A failure outside any step is asked about here.
local function branch_body(strand_of, name, body)
  return function()
    local strand = strand_of()
    local outer_names = strand.names
    local n = scheduler.emit(strand, "open", name, "", { what = "branch" })
    local scope = scheduler.enter(strand, n)
    strand.names = { unpack(outer_names) }
    strand.names[#outer_names + 1] = name
    local results = { scheduler.call(body) }
    scheduler.leave(strand, scope)
    if results[1] == "returned" then
      strand.scope = scope
      scheduler.emit(strand, "close", name, "", { outcome = "done" })
      return unpack(results, 2, table.maxn(results))
    end
    strand.scope = scope
    local failure = errors.from(results[2])
    if not failure.step then failure.step = table.concat(strand.names, " › ") end
    if not scheduler.is_guarded(strand) then
      steps.ask_failure(strand, "body", name, failure)
    end
    scheduler.emit(strand, "close", name, "", { outcome = "failed",
      error = errors.plain(failure) })
    error(failure, 0)
  end
end

local function start_branch(parent, join, label, name, body, guarded)
  local separator = parent.id == "/" and "" or "/"
  local id = ("%s%s%d.%s"):format(parent.id, separator, join.n, label)
  local strand
  strand = scheduler.new_strand(id, join.scope, parent, branch_body(function() return strand end,
    name, body), function(ok, ...)
    join.now = math.max(join.now, strand.now)
    join.on_end(label, strand, ok, ...)
  end)
  if guarded then strand.guarded = true end
  join.strands[#join.strands + 1] = strand
  return strand
end

local function open_join(strand, what, name)
  bounds.check_depth(strand, what == name and what or ("%s \"%s\""):format(what, name))
  local n = scheduler.emit(strand, "open", name, "", { what = what })
  return { n = n, scope = scheduler.enter(strand, n), outer = nil, strands = {}, failures = {},
    results = {}, running = 0, now = strand.now }
end

local function combine(failures)
  local first = failures[1].failure
  local listed, texts = {}, {}
  for index, item in ipairs(failures) do
    listed[index] = { name = item.name, code = item.failure.code, message = item.failure.message }
    texts[index] = ("%s: %s"):format(item.name, item.failure.message)
  end
  return errors.make { code = first.code, retry = first.retry, operation = first.operation,
    target = first.target, step = first.step, at = first.at, detail = first.detail,
    message = table.concat(texts, "\n"), branches = listed }
end

-- Ends a parallel or each: closes its scope and returns or raises.
local function finish(strand, join, name, outer)
  scheduler.leave(strand, join.scope)
  strand.scope, strand.now = join.scope, math.max(strand.now, join.now)
  if #join.failures > 0 then
    for _, child in ipairs(join.strands) do
      if not child.ended and not child.dropped then scheduler.drop(child) end
    end
    scheduler.perform("settle", name, "", { scope = join.scope, why = "branch_failed" })
    local failure = combine(join.failures)
    scheduler.emit(strand, "close", name, "", { outcome = "failed",
      error = errors.plain(failure) })
    strand.scope = outer
    error(failure, 0)
  end
  scheduler.emit(strand, "close", name, "", { outcome = "done" })
  strand.scope = outer
  return join.results
end

local function check_branches(branches, at)
  if type(branches) ~= "table" then
    errors.raise("bad_argument", "parallel needs a table of branches: parallel { [\"Name\"] = "
      .. "function() … end }.", "never", at)
  end
  local names = {}
  for name, body in next, branches do
    if type(name) ~= "string" or type(body) ~= "function" then
      errors.raise("bad_argument", ("parallel needs names with functions, but the branch %s is "
        .. "a %s."):format(tostring(name), type(body)), "never", at)
    end
    options.name(name, "a parallel branch", at)
    names[#names + 1] = name
  end
  bounds.check_branches("parallel", "branches", #names, #names, at)
  table.sort(names)
  return names
end

---parallel { name = fn, … }: starts branches in the order of their names; results by name.
function M.parallel(branches)
  local at = scheduler.position()
  local names = check_branches(branches, at)
  local strand = scheduler.here("parallel")
  local outer = strand.scope
  local join = open_join(strand, "parallel", "parallel")
  join.on_end = function(label, _, ok, first)
    join.running = join.running - 1
    if ok then
      join.results[label] = first
    else
      join.failures[#join.failures + 1] = { name = label, failure = errors.from(first) }
    end
    if join.running == 0 or not ok then scheduler.wake(strand) end
  end
  for _, name in ipairs(names) do
    join.running = join.running + 1
    start_branch(strand, join, name, name, branches[name])
  end
  if #names > 0 then scheduler.join() end
  return finish(strand, join, "parallel", outer)
end

local each_options = { at_once = "count", on_error = { "stop", "collect" } }

-- Starts the next items of an `each` until `at_once` are running.
local function start_items(strand, join, list, body, read)
  while join.next <= #list and join.running < join.at_once and #join.failures == 0 do
    local index = join.next
    join.next, join.running = index + 1, join.running + 1
    local name = type(list[index]) == "string" and #list[index] <= 200
      and list[index] ~= "" and not list[index]:find("%c") and list[index] or "item " .. index
    start_branch(strand, join, tostring(index), name,
      function() return body(list[index], index) end, read.on_error == "collect")
  end
end

---each(list, { at_once = 20, on_error = "collect" }, fn): results in the list's order. With
---"collect" every item is done, and the errors come as a second list of { index, error }.
function M.each(list, given, body)
  local at = scheduler.position()
  if body == nil then given, body = nil, given end
  scheduler.check(list)
  if type(list) ~= "table" or type(body) ~= "function" then
    errors.raise("bad_argument", "each needs a list and a function: each(list, fn).", "never", at)
  end
  local read = options.read(given, each_options, "each", at)
  if read.at_once == 0 then
    errors.raise("bad_argument", "each: at_once = 0 would do no item at all; leave it out, or give "
      .. "1 or more.", "never", at)
  end
  local at_once = read.at_once or 20
  bounds.check_branches("each", "items", #list, math.min(#list, at_once), at)
  local strand = scheduler.here("each")
  local outer = strand.scope
  local join = open_join(strand, "each", "each")
  join.next, join.at_once = 1, at_once
  local collected = {}
  join.on_end = function(label, _, ok, first)
    join.running = join.running - 1
    local index = tonumber(label)
    if ok then
      join.results[index] = first
    elseif read.on_error == "collect" then
      collected[#collected + 1] = { index = index, error = errors.from(first) }
    else
      join.failures[#join.failures + 1] = { name = label, failure = errors.from(first) }
      return scheduler.wake(strand)
    end
    scheduler.wake(strand, "next")
  end
  start_items(strand, join, list, body, read)
  while join.running > 0 and #join.failures == 0 do
    scheduler.join()
    start_items(strand, join, list, body, read)
  end
  local results = finish(strand, join, "each", outer)
  if read.on_error ~= "collect" then return results end
  table.sort(collected, function(left, right) return left.index < right.index end)
  return results, collected
end

local function telling(every, tell, name)
  return function()
    local strand = scheduler.current()
    local started, told = strand.now, 0
    while true do
      local ok, raised = scheduler.pcall(tell)
      if not ok then
        require("vocabulary.log").write("warning", ("Telling in meanwhile \"%s\" failed: %s")
          :format(name, errors.from(raised).message))
      end
      told = math.max(told + 1, math.ceil((strand.now - started) / every))
      scheduler.perform("timer", name, "", { why = "meanwhile",
        seconds = math.max(0, started + told * every - strand.now) })
    end
  end
end

---meanwhile(name, { every = }, tell, work): executes `work` and returns its result; `tell` at once
---and then at every interval. What fails in `tell` is shown, never raised.
function M.meanwhile(name, given, tell, work)
  local at = scheduler.position()
  options.name(name, "meanwhile", at)
  local read = options.read(given, { every = "duration" }, "meanwhile", at)
  if not read.every or read.every <= 0 or type(tell) ~= "function" or type(work) ~= "function" then
    errors.raise("bad_argument", "meanwhile needs a name, { every = \"30m\" } and two functions: "
      .. "what tells and what works.", "never", at)
  end
  local strand = scheduler.here("meanwhile")
  scheduler.refuse_in_probe(strand, "meanwhile")
  local outer = strand.scope
  local join = open_join(strand, "meanwhile", name)
  join.on_end = function(label, _, ok, first)
    if label ~= "work" then return end
    if ok then
      join.results.work = first
    else
      join.failures[1] = { name = name, failure = errors.from(first) }
    end
    scheduler.wake(strand)
  end
  local teller = start_branch(strand, join, "tell", name .. " (telling)",
    telling(read.every, tell, name), true)
  start_branch(strand, join, "work", name, work)
  scheduler.join()
  scheduler.drop(teller)
  scheduler.perform("settle", name, "", { scope = teller.id .. "#1", why = "work_ended" })
  return finish(strand, join, name, outer).work
end

return M
