-- replay: what other code would have done in a run, told from the journal alone.
local cases = {}

local function replay(w, more) return w:perilune("replay case " .. (more or "")) end
local function with_current(w, more) return replay(w, "--with-current-code " .. (more or "")) end

local busy = [[
  local box, log = storage("box"), notify("log")
  step("First", { retries = 1 }, function()
    box:put { key = "a", body = "1" }
    ensure(box:head { key = "go" } or #box:list {} > 5, "There is nothing to go by.")
  end)
  approve("Go on?")
  local found = parallel {
    left = function() step("Left", function() box:put { key = "l", body = "1" } end) end,
    right = function()
      local text = ""
      for _, one in ipairs(box:list {}) do text = text .. one.key end
      sleep("10ms")
      return text
    end,
  }
  wait_until("it is there", { within = "5s", every = "10ms" }, function()
    return box:head { key = "l" }
  end)
  log:send { text = found.right .. random(1000) .. run.id .. date("%H:%M:%S", now()) }
  return { text = found.right }
]]

-- A step that fails, is retried by a person, and goes on.
local function run_busy(w)
  w:body(busy)
  w:run():exits(3)
  w:file("box/go", "yes")
  w:tell("retry"):exits(3)
  w:tell("approve"):exits(0)
  w:resume():exits(0)
end

function cases.a_run_told_again_by_its_own_code_differs_in_nothing(w)
  run_busy(w)
  local before = w:objects()
  replay(w, "--observes"):exits(0):says("0 would be done"):says("= storage/box:put")
    :says("= storage/box:head"):says("First"):says("approve \"Go on?\"")
  with_current(w):exits(0):says("0 were done"):says_not("Where the comparison ends")
  w:equal(before, w:objects(), "what is there")
end

function cases.a_change_more_one_less_and_one_otherwise_are_told_apart(w)
  w:body [[
    local box = storage("box")
    box:put { key = "same", body = "1" }
    box:put { key = "gone", body = "1" }
    step("Then", function() box:put { key = "other", body = "old" } end)
    notify("log"):send { text = "done" }
  ]]
  w:run():exits(0)
  w:body [[
    local box = storage("box")
    box:put { key = "same", body = "1" }
    step("Then", function()
      box:put { key = "other", body = "new" }
      box:delete { key = "same" }
    end)
    notify("log"):send { text = "done" }
  ]]
  replay(w):exits(0)
  local told = with_current(w):exits(1)
    :says("- storage/box:put {\"body\":\"1\",\"key\":\"gone\",\"only_if\":\"any\"}")
    :says("~ storage/box:put {\"body\":\"old\",\"key\":\"other\",\"only_if\":\"any\"}")
    :says("→ {\"body\":\"new\"}")
    :says("+ storage/box:delete {\"key\":\"same\"}"):says("= notify/log:send")
    :says("2 the same, 1 would be done and were not, 1 were done and would not be, 1 otherwise")
  if not told.out:find("= .*%- .*Then\n.*~ .*%+ storage/box:delete.*= notify") then
    error("All of it is in the order of the two scripts.\n" .. told.out, 0)
  end
  w:equal("gone=1 other=old same=1", w:objects(), "what is there")
end

function cases.a_strand_ends_where_it_branches_on_what_the_journal_does_not_know(w)
  w:body [[
    local box = storage("box")
    box:put { key = "a", body = "1" }
    parallel {
      one = function() box:put { key = "one", body = "1" } end,
      two = function() box:put { key = "two", body = "1" } end,
    }
    box:put { key = "z", body = "1" }
  ]]
  w:run():exits(0)
  w:body [[
    local box = storage("box")
    box:put { key = "a", body = "1" }
    parallel {
      one = function()
        if box:head { key = "b" } then box:put { key = "b", body = "1" } end
        box:put { key = "one", body = "1" }
      end,
      two = function() box:put { key = "two", body = "2" } end,
    }
    box:put { key = "z", body = "1" }
  ]]
  local told = with_current(w):exits(1):says("+ storage/box:head")
    :says("one: not known: result of head of storage/box"):says("~ storage/box:put")
  if not told.out:find("Not compared.*? storage/box:put [^\n]*one.*? storage/box:put [^\n]*z") then
    error("What came after is listed.\n" .. told.out, 0)
  end
end

function cases.what_a_person_answered_is_answered_and_what_nobody_was_asked_is_assumed(w)
  w:body [[
    local name = ask("Which?")
    storage("box"):put { key = name, body = "1" }
  ]]
  w:run():exits(3)
  w:perilune("answer case 'Which?' left"):exits(0)
  w:resume():exits(0)
  w:body [[
    local name = ask("Which?")
    approve("Really?")
    storage("box"):put { key = name, body = "1" }
  ]]
  with_current(w):exits(1):says("= ask \"Which?\""):says("+ approve \"Really?\"")
    :says("is answered so that the run goes on"):says("= storage/box:put")
end

function cases.a_mended_step_goes_on_where_the_run_had_failed(w)
  w:body [[
    step("Check", function()
      storage("box"):put { key = "a", body = "1" }
      ensure(false, "It is wrong.")
    end)
    storage("box"):put { key = "b", body = "1" }
  ]]
  w:run():exits(3)
  w:tell("undo"):exits(7)
  replay(w):exits(0)
  w:body [[
    step("Check", function() storage("box"):put { key = "a", body = "1" } end)
    storage("box"):put { key = "b", body = "1" }
  ]]
  with_current(w):exits(1):says("- the failure of \"Check\": It is wrong.")
    :says("+ storage/box:put {\"body\":\"1\",\"key\":\"b\",\"only_if\":\"any\"}")
  w:equal("", w:objects(), "what is there")
end

function cases.each_of_many_calls_is_paired_with_the_one_in_its_place(w)
  local loop = "for i = 1, 4 do storage(\"box\"):put { key = \"k\" .. i, body = \"%s\" } end"
  w:body(loop:format("1"))
  w:run():exits(0)
  w:body(loop:format("2"))
  with_current(w):exits(1):says("0 were done and would not be, 4 otherwise")
    :says_not("→ {\"body\":\"2\",")
end

function cases.code_that_fails_where_the_run_went_on_says_so(w)
  w:body [[
    storage("box"):put { key = "a", body = "1" }
    storage("box"):put { key = "b", body = "1" }
  ]]
  w:run():exits(0)
  w:body [[
    storage("box"):put { key = "a", body = "1" }
    step("Look", function() ensure(1 > 2, "One is less.") end)
    storage("box"):put { key = "b", body = "1" }
  ]]
  with_current(w):exits(1):says("+ the failure of \"Look\": One is less.")
    :says("Not compared"):says("? storage/box:put")
end

function cases.a_run_that_waits_is_told_as_far_as_it_has_come(w)
  w:body [[
    storage("box"):put { key = "a", body = "1" }
    approve("Go on?")
    storage("box"):put { key = "b", body = "1" }
  ]]
  w:run():exits(3)
  replay(w):exits(0):says("has not come further than approve \"Go on?\"")
  with_current(w):exits(0)
end

function cases.timeouts_undo_functions_and_ended_are_told_again(w)
  w:body([[
    local box = storage("box")
    step("Kept", { undo = function() box:delete { key = "a" } end }, function()
      box:put { key = "a", body = "1" }
    end)
    try(function()
      step("Slow", { timeout = "100ms" }, function()
        parallel { one = function() sleep("5s") end, two = function()
          while true do
            box:list {}
            sleep("10ms")
          end
        end }
      end)
    end)
    box:put { key = "b", body = "1" }
  ]], "ended = function(_, result) notify(\"log\"):send { text = result.outcome } end")
  w:run():exits(0)
  w:tell("undo"):exits(7)
  replay(w):exits(0):says("notify/log:send"):says("storage/box:delete")
  with_current(w):exits(0)
end

function cases.what_was_in_flight_when_it_was_stopped_is_no_difference(w)
  w:body [[
    local slow = function()
      process("local"):inspect { program = "peek", arguments = { "-c", "sleep 3" } }
    end
    try(function() step("Slow", { timeout = "200ms" }, slow) end)
    try(function()
      parallel { a = slow, b = function() ensure(false, "no") end }
    end)
    storage("box"):put { key = "a", body = "1" }
    slow()
  ]]
  local job = w:start()
  w:await("kind = 'result'")
  job:kill("KILL")
  job.wait()
  replay(w):exits(0):says("0 would be done"):says("has not come further than process/local:inspect")
  with_current(w):exits(0):says("0 were done")
end

function cases.code_that_was_mended_during_the_run_is_its_own(w)
  w:body [[
    step("Check", function()
      storage("box"):put { key = "a", body = "1" }
      ensure(false, "It is wrong.")
    end)
  ]]
  w:run():exits(3)
  w:body [[
    step("Check", function()
      storage("box"):put { key = "b", body = "1" }
      storage("box"):put { key = "c", body = "1" }
    end)
    storage("box"):put { key = "d", body = "1" }
  ]]
  w:tell("retry", "--with-current-code"):exits(0)
  replay(w):exits(0):says("= storage/box:put {\"body\":\"1\",\"key\":\"d\"")
end

function cases.it_is_data_too_and_what_is_wrong_is_refused(w)
  w:body [[ return { n = storage("box"):put { key = "a", body = "1" }.changed } ]]
  w:run():exits(0)
  w:body [[ storage("box"):put { key = "b", body = "1" } return 5 ]]
  with_current(w, "--json"):exits(1):says("\"sign\":\"~\""):says("\"was\":{")
    :says("\"value\":5"):says("\"code\":\"current\"")
  w:body("", "parameters = { place = { type = \"string\", required = true } }")
  with_current(w):exits(2):says("does not take what the run was given"):says("place")
  w:body("this is no Lua")
  with_current(w):exits(2)
  replay(w):exits(0)
  w:perilune("replay nosuch"):exits(2)
end

function cases.what_is_waited_for_anew_is_assumed(w)
  w:body [[ storage("box"):put { key = "a", body = "1" } ]]
  w:run():exits(0)
  w:body [[
    wait_until("b is there", { within = "1h", every = "1s" }, function()
      return storage("box"):head { key = "b" }
    end)
    hold("c is there", { during = "1h", every = "1s" }, function()
      return storage("box"):head { key = "c" }
    end)
    storage("box"):put { key = "a", body = "1" }
  ]]
  with_current(w):exits(1):says("wait_until: b is there"):says("hold: c is there")
    :says("1 the same, 2 would be done")
end

function cases.a_child_run_is_answered_from_its_end(w)
  w:body([[ storage("box"):put { key = "inside", body = "1" } return { n = 7 } ]], nil, "child")
  w:body [[
    local made = run_runbook("child")
    storage("box"):put { key = "n", body = tostring(made.n) }
  ]]
  w:run():exits(0)
  replay(w):exits(0):says("= run_runbook \"child\""):says("perilune replay case.")
end

return cases
