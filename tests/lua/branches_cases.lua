-- parallel, each and meanwhile.
local cases = {}

function cases.parallel_gives_results_under_the_branches_names(w)
  w:body [[
    return parallel {
      ["B second"] = function() return 2 end,
      ["A first"] = function() return 1 end,
    }
  ]]
  w:run():exits(0):says('"value":{"A first":1,"B second":2}')
  w:equal("A first\nB second", w:sql("select json_extract(body,'$.name') from record where "
    .. "kind='open' and json_extract(body,'$.args.what')='branch' order by pos"), "The order")
end

function cases.branches_wait_at_the_same_time(w)
  w:body [[
    local began = now()
    parallel { a = function() sleep("400ms") end, b = function() sleep("400ms") end,
      c = function() sleep("400ms") end }
    return now() - began < 1
  ]]
  w:run():exits(0):says('"value":true')
end

function cases.a_failing_branch_drops_the_others_and_lists_all_failures(w)
  w:body [[
    local ok, err = try(function()
      parallel {
        bad = function() sleep("50ms"); ensure(false, "Went wrong.") end,
        slow = function() sleep("30s"); storage("box"):put { key = "slow", body = "1" } end,
      }
    end)
    return { ok = ok, message = err.message, name = err.branches[1].name, n = #err.branches }
  ]]
  w:run():exits(0):says('"message":"bad: Went wrong."'):says('"n":1'):says('"name":"bad"')
  w:equal("", w:objects(), "The box")
end

function cases.several_branches_that_fail_at_once_are_joined_once(w)
  w:body [[
    local ok, err = try(function()
      parallel { a = function() ensure(false, "a") end, b = function() ensure(false, "b") end,
        c = function() ensure(false, "c") end }
    end)
    -- What follows waits for its own answers, not for the branches' ends.
    storage("box"):put { key = "after", body = "1" }
    local seen = storage("box"):head { key = "after" }
    sleep("50ms")
    return { n = #err.branches, size = seen.size_bytes }
  ]]
  w:run():exits(0):says('"value":{"n":3,"size":1}')
  w:equal(1, w:count("kind='settled'"), "Settled")
end

function cases.a_branch_in_flight_settles_before_the_parallel_ends(w)
  w:body [[
    try(function()
      parallel {
        bad = function() sleep("100ms"); ensure(false, "Went wrong.") end,
        ["in flight"] = function()
          process("local"):run { program = "sh", arguments = { "-c", "sleep 0.5; echo x >@W@/f" } }
        end,
      }
    end)
    step("After", function() end)
  ]]
  w:run():exits(0)
  local settled = tonumber(w:field("$.seq", "kind='settled'"))
  local result = tonumber(w:field("$.seq", "kind='result'"))
  if not (result and settled and result < settled) then
    error("The change settled after its scope: " .. tostring(result) .. " " .. tostring(settled))
  end
end

function cases.parallel_refuses_what_is_no_branch(w)
  w:body [[ parallel { a = 1 } ]]
  w:run():exits(3):says("parallel needs names with functions, but the branch a is a number")
end

function cases.each_gives_results_in_the_lists_order(w)
  w:body [[
    return each({ "c", "a", "b" }, function(item, index)
      sleep(0.2 - index * 0.05)
      return index .. item
    end)
  ]]
  w:run():exits(0):says('"value":["1c","2a","3b"]')
end

function cases.each_refuses_to_do_nothing_at_once(w)
  w:body [[ each({ 1 }, { at_once = 0 }, function() log("done") end) ]]
  w:run():exits(3):says("at_once = 0 would do no item at all"):says("book.lua:"):says_not("done\n")
end

function cases.each_does_at_most_at_once(w)
  w:body [[
    local running, most = 0, 0
    each({ 1, 2, 3, 4, 5, 6, 7 }, { at_once = 3 }, function()
      running = running + 1
      most = math.max(most, running)
      sleep("20ms")
      running = running - 1
    end)
    return most
  ]]
  w:run():exits(0):says('"value":3')
end

function cases.each_collects_errors_and_does_every_item(w)
  w:body [[
    local done, failed = each({ 1, 2, 3, 4 }, { on_error = "collect" }, function(item)
      ensure(item % 2 == 0, "%d is odd", item)
      return item * 10
    end)
    return { two = done[2], four = done[4], count = #failed, first = failed[1].index,
      message = failed[2].error.message }
  ]]
  w:run():exits(0)
    :says('"value":{"count":2,"first":1,"four":40,"message":"3 is odd","two":20}')
end

function cases.each_stops_starting_items_after_a_failure(w)
  w:body [[
    local ok = try(function()
      each({ 1, 2, 3, 4, 5, 6 }, { at_once = 1 }, function(item)
        storage("box"):put { key = "item" .. item, body = "1" }
        ensure(item < 3, "No more than two.")
      end)
    end)
    return ok
  ]]
  w:run():exits(0):says('"value":false')
  w:equal("item1=1 item2=1 item3=1", w:objects(), "The box")
end

function cases.each_of_nothing_gives_an_empty_list(w)
  w:body [[ return #each({}, function() end) ]]
  w:run():exits(0):says('"value":0')
end

function cases.each_over_fifty_items_survives_a_resume(w)
  w:body [[
    local items = {}
    for i = 1, 50 do items[i] = i end
    each(items, { at_once = 10 }, function(item)
      step("Item " .. item, function() storage("box"):put { key = ("k%02d"):format(item),
        body = "1" } end)
    end)
    approve("Go on?")
    return #items
  ]]
  w:run():exits(3)
  w:equal(50, w:count("kind='intent'"), "Changes")
  w:tell("approve"):exits(0)
  w:resume():exits(0):says('"value":50')
  w:equal(50, w:count("kind='intent'"), "Changes after the resume")
end

function cases.the_time_after_branches_is_that_of_their_end(w)
  w:body [[
    local took, began = {}, now()
    parallel { a = function() sleep("200ms") end }
    took[1], began = now() - began, now()
    each({ "x", "y" }, { at_once = 1 }, function() sleep("200ms") end)
    took[2], began = now() - began, now()
    meanwhile("Telling", { every = "1h" }, function() end, function() sleep("200ms") end)
    took[3], began = now() - began, now()
    try(parallel, { a = function() sleep("200ms") error("no") end })
    took[4] = now() - began
    confirm("Onwards?")
    for index, least in ipairs { 0.2, 0.4, 0.2, 0.2 } do
      ensure(took[index] >= least and took[index] < least + 1, "%d: %s", index, took[index])
    end
  ]]
  w:run():exits(3)
  w:perilune("answer case Onwards? yes"):exits(0)
  w:perilune("resume case --no-input"):exits(0)
end

function cases.meanwhile_tells_at_once_and_at_every_interval(w)
  w:body [[
    local told = 0
    local result = meanwhile("Telling", { every = "100ms" }, function()
      told = told + 1
      log("told " .. told)
    end, function()
      sleep("350ms")
      return "worked"
    end)
    return { result = result, told = told }
  ]]
  w:run():exits(0):says('"value":{"result":"worked","told":4}')
end

function cases.what_fails_in_telling_never_fails_the_work(w)
  w:body [[
    return meanwhile("Telling", { every = "50ms" }, function() error("no one listens") end,
      function() sleep("120ms"); return "worked" end)
  ]]
  w:run():exits(0):says('"value":"worked"'):says("no one listens")
end

function cases.a_question_in_meanwhile_brings_the_run_to_rest_though_it_goes_on_telling(w)
  w:body [[
    meanwhile("Telling", { every = "1h" }, function() log("told") end,
      function() confirm("Sure?") end)
  ]]
  w:run():exits(3):says("Sure?")
  w:perilune("answer case Sure? yes"):exits(0)
  w:perilune("resume case --no-input"):exits(0):says("Done")
end

function cases.meanwhile_raises_what_the_work_raises(w)
  w:body [[
    local ok, err = try(function()
      meanwhile("Telling", { every = "50ms" }, function() end,
        function() sleep("70ms"); ensure(false, "Work failed.") end)
    end)
    return err.message
  ]]
  w:run():exits(0):says("Work failed.")
end

function cases.telling_may_notify(w)
  w:body [[
    notify("log"):open { key = "k", severity = "info", summary = "Begun" }
    meanwhile("Telling", { every = "80ms" }, function()
      notify("log"):update { key = "k", text = "Still at it" }
    end, function() sleep("200ms") end)
    notify("log"):resolve { key = "k", text = "Over" }
  ]]
  w:run():exits(0)
  local _, told = (w:read("notices.jsonl") or ""):gsub("Still at it", "")
  local notices = tostring(w:read("notices.jsonl"))
  if told < 2 then error("Told only " .. told .. " times: " .. notices) end
end

function cases.a_failure_outside_any_step_of_a_branch_is_asked_about_there(w)
  w:body [[
    parallel {
      good = function()
        step("Good", function() storage("box"):put { key = "g", body = "1" } end)
      end,
      bad = function() local a; return a.b end,
    }
  ]]
  w:run():exits(3):says('"choices":["undo","pause"]'):says('"kind":"failure"')
  w:equal("g=1", w:objects(), "What the others did")
end

return cases
