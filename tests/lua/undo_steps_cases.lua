-- A step that is taken back where it fails: by what, how far, and what it leaves to a person.
local cases = {}

function cases.on_failure_undo_of_a_step_takes_its_own_changes_back_and_raises(w)
  w:body [[
    local box = storage("box")
    box:put { key = "outside", body = "1" }
    local ok, err = try(function()
      step("Careful", { on_failure = "undo", retries = 1, backoff = "10ms" }, function()
        box:put { key = "inside", body = "2" }
        ensure(false, "Went wrong.")
      end)
    end)
    return { ok, err.message }
  ]]
  w:run():exits(0):says('"value":[false,"Went wrong."]')
  w:equal("outside=1", w:objects(), "The box")
end

function cases.on_failure_undo_of_a_step_executes_the_steps_own_function(w)
  w:body [[
    local box = storage("box")
    box:put { key = "outside", body = "1" }
    local ok, err = try(function()
      step("Careful", { on_failure = "undo", retries = 1, backoff = "10ms", undo = function(made)
        step("Bring it back", function()
          box:put { key = "inside", body = "back: " .. tostring(made) }
        end)
      end }, function()
        step("Inner", { undo = function() box:put { key = "inner", body = "no" } end }, function()
          box:put { key = "inside", body = tostring(random()) }
        end)
        ensure(false, "Went wrong.")
      end)
    end)
    return { ok, err.message }
  ]]
  w:run():exits(0):says('"value":[false,"Went wrong."]')
  w:equal("inside=back: nil outside=1", w:objects(), "The box")
  w:equal(1, w:count("kind='open' and f('$.args.what')='undo'"), "Undo functions")
  -- What the function has taken back is not taken back again.
  w:perilune("undo case --no-input --json"):exits(7)
  w:equal("inside=back: nil", w:objects(), "The box after an undo of the run")
  w:equal(1, w:count("kind='open' and f('$.args.what')='undo'"), "Undo functions")
end

function cases.an_outer_steps_function_is_not_executed_for_a_step_within_it(w)
  w:body [[
    local box = storage("box")
    step("Outer", { undo = function() box:put { key = "outer", body = "no" } end }, function()
      try(function()
        step("Careful", { on_failure = "undo", retries = 1, backoff = "10ms" }, function()
          box:put { key = "x" .. random(1000, 9999), body = "1" }
          ensure(false, "Went wrong.")
        end)
      end)
    end)
  ]]
  w:run():exits(0)
  w:equal("", w:objects(), "The box")
end

function cases.a_steps_undo_function_that_fails_leaves_the_step_open(w)
  w:body [[
    local box = storage("box")
    try(function()
      step("Careful", { on_failure = "undo", undo = function()
        ensure(box:head { key = "may" }, "Not yet.")
        box:delete { key = "inside" }
      end }, function()
        box:put { key = "inside", body = "1" }
        ensure(false, "Went wrong.")
      end)
    end)
  ]]
  w:run():exits(3):says('The undo function of \\"Careful\\" failed: Not yet.')
  w:equal("inside=1", w:objects(), "The box")
  w:file("box/may", "")
  w:resume():exits(0)
  w:equal("may=", w:objects(), "The box after it was tried again")
end

function cases.a_steps_undo_function_killed_in_the_middle_goes_on(w)
  w:body [[
    local box = storage("box")
    local ok, err = try(function()
      step("Careful", { on_failure = "undo", undo = function()
        box:put { key = "first", body = "1" }
        process("local"):inspect { program = "peek", arguments = { "-c", "sleep 1" } }
        box:delete { key = "inside" }
      end }, function()
        box:put { key = "inside", body = "2" }
        ensure(false, "Went wrong.")
      end)
    end)
    return { ok, err.message }
  ]]
  local job = w:start("--no-input")
  w:await "kind='intent' and f('$.strand')='/undo.1'"
  job:kill("KILL")
  job:wait()
  w:resume():exits(0):says('"value":[false,"Went wrong."]')
  w:equal("first=1", w:objects(), "The box")
  w:equal(1, w:count("kind='open' and f('$.args.what')='undo'"), "Undo functions")
end

function cases.two_branches_may_undo_their_steps_at_once(w)
  w:body [[
    local box = storage("box")
    local function careful(name)
      return function()
        return (try(function()
          step("Careful " .. name, { on_failure = "undo" }, function()
            box:put { key = name .. "1", body = "1" }
            box:put { key = name .. "2", body = "2" }
            ensure(false, "Went wrong.")
          end)
        end))
      end
    end
    return parallel { a = careful("a"), b = careful("b"), c = careful("c") }
  ]]
  w:run():exits(0):says('"value":{"a":false,"b":false,"c":false}')
  w:equal("", w:objects(), "The box")
end

function cases.a_steps_undo_that_meets_a_conflict_leaves_the_step_open(w)
  w:body [[
    local box = storage("box")
    try(function()
      step("Careful", { on_failure = "undo" }, function()
        box:put { key = "a", body = "mine" }
        process("local"):inspect {
          program = "peek", arguments = { "-c", "echo -n theirs >@W@/box/a" } }
        ensure(false, "Went wrong.")
      end)
    end)
  ]]
  w:run():exits(3):says("is no longer as put left it")
  w:equal("a=theirs", w:objects(), "The box")
end

return cases
