-- What the durable-execution conformance specification asks of branches that are executed at the
-- same time: tests/conformance/README.md.
local cases = {}

local function killed_at(w, condition)
  local job = w:start()
  w:await(condition)
  job:kill("KILL")
  job:wait()
end

-- The names of what began, in the order of their beginning; `what` is "branch", "step" or so.
local function begun(w, what)
  return (w:sql("select json_extract(body,'$.name') from record where kind='open' and "
    .. "json_extract(body,'$.args.what')='" .. what .. "' order by pos"):gsub("\n", " "))
end

function cases.each_branch_has_its_own_step_in_its_own_scope(w)
  w:body [[
    return parallel {
      a = function() return step("In a", function() return "task-1" end) end,
      b = function() return step("In b", function() return "task-2" end) end,
    }
  ]]
  w:run():exits(0):says('"value":{"a":"task-1","b":"task-2"}')
  w:equal("a b", begun(w, "branch"), "The branches")
  for branch, name in pairs { a = "In a", b = "In b" } do
    local where = ("kind='open' and f('$.name')='%s'"):format(branch)
    w:equal(w:field("$.strand", where) .. "#" .. w:field("$.n", where),
      w:field("$.scope", ("kind='open' and f('$.name')='%s'"):format(name)), "The scope")
  end
end

function cases.branches_give_values_of_their_own_kinds_also_after_a_replay(w)
  w:body [[
    local given = parallel {
      text = function() return "hello" end,
      number = function() return 42 end,
      object = function() return { k = "v" } end,
      no = function() return false end,
      nothing = function() end,
    }
    approve("Go on?")
    return given
  ]]
  w:run():exits(3)
  w:tell("approve"):exits(0)
  w:resume():exits(0):says('"value":{"no":false,"number":42,"object":{"k":"v"},"text":"hello"}')
end

function cases.no_branches_are_done_at_once_and_give_nothing(w)
  w:body [[ return next(parallel {}) == nil ]]
  w:run():exits(0):says('"value":true')
  w:equal("begin open close end", w:kinds(), "The journal")
end

function cases.a_branch_whose_failure_nobody_catches_fails_the_run(w)
  w:body([[
    parallel {
      bad = function() step("Bad", function() ensure(false, "Went wrong.") end) end,
      slow = function() sleep("30s") storage("box"):put { key = "slow", body = "1" } end,
    }
    storage("box"):put { key = "after", body = "1" }
  ]], 'on_failure = "stop"')
  w:run():exits(1):says('"outcome":"failed"'):says("Went wrong.")
  w:equal("", w:objects(), "The box")
end

function cases.branches_that_catch_their_failures_let_all_others_end(w)
  w:body [[
    local function tried(body)
      return function()
        local ok, got = try(body)
        return { ok = ok, got = ok and got or got.message }
      end
    end
    local all = parallel {
      one = tried(function() sleep("60ms") return "first" end),
      two = tried(function() ensure(false, "no") end),
      three = tried(function() sleep("30ms") return "third" end),
    }
    local ended = { succeeded = 0, failed = 0 }
    for _, branch in pairs(all) do
      local word = branch.ok and "succeeded" or "failed"
      ended[word] = ended[word] + 1
    end
    ended.error, ended.last = all.two.got, all.one.got
    return ended
  ]]
  w:run():exits(0):says('"value":{"error":"no","failed":1,"last":"first","succeeded":2}')
  w:equal(4, w:count("kind='close' and f('$.args.outcome')='done'"), "Scopes that ended well")
end

function cases.all_branches_end_where_each_catches_its_failure(w)
  w:body [[
    local branches = {}
    for _, name in ipairs { "a", "b", "c" } do
      branches[name] = function()
        local ok, err = try(function()
          storage("box"):put { key = name, body = "1" }
          ensure(false, "%s failed", name)
        end)
        return ok or err.message
      end
    end
    return parallel(branches)
  ]]
  w:run():exits(0):says('"value":{"a":"a failed","b":"b failed","c":"c failed"}')
  w:equal("a=1 b=1 c=1", w:objects(), "The box")
end

function cases.a_branch_that_has_ended_is_not_done_again_while_another_waits(w)
  w:body [[
    local all = parallel {
      b0 = function()
        return step("Act", function()
          return process("local"):run { program = "sh",
            arguments = { "-c", "date +%s%N | tee -a @W@/acts" } }.output
        end)
      end,
      b1 = function()
        sleep("300ms")
        sleep("2s")
        return "b1"
      end,
    }
    return all
  ]]
  killed_at(w, "kind='timer' and f('$.args.seconds')=2 and exists (select 1 from record "
    .. "where kind='close' and f('$.name')='b0')")
  w:resume():exits(0):says('"b1":"b1"')
  w:equal(w:read("acts"), w:field("$.value.b0", "kind='end'"), "What the first branch gave")
  w:equal(1, w:count("kind='intent'"), "Programs")
  w:equal("b0 b1", begun(w, "branch"), "Branches that began")
end

function cases.a_parallel_in_a_branch_gives_its_results_within_those_of_the_outer_one(w)
  w:body [[
    return parallel {
      outer = function()
        return parallel {
          i1 = function() return step("One", function() return "i1" end) end,
          i2 = function() return step("Two", function() return "i2" end) end,
        }
      end,
    }
  ]]
  w:run():exits(0):says('"value":{"outer":{"i1":"i1","i2":"i2"}}')
  w:equal("outer i1 i2", begun(w, "branch"), "The branches")
  local where = "kind='open' and f('$.name')='outer'"
  w:equal("1", w:sql("select count(*) from record where kind='open' and "
    .. "json_extract(body,'$.args.what')='parallel' and json_extract(body,'$.scope')='"
    .. w:field("$.strand", where) .. "#" .. w:field("$.n", where) .. "'"), "The inner one")
end

return cases
