-- What the durable-execution conformance specification asks of one function for every item of a
-- list: tests/conformance/README.md.
local cases = {}

local function killed_at(w, condition)
  local job = w:start()
  w:await(condition)
  job:kill("KILL")
  job:wait()
end

-- The next host goes on with the run that was there, rather than with another one.
local function gone_on_with(w)
  local began = w:field("$.time", "kind='begin'")
  local ended = w:resume():exits(0)
  w:equal(began, w:field("$.time", "kind='begin'"), "When the run began")
  return ended
end

local function begun(w, what)
  return (w:sql("select json_extract(body,'$.name') from record where kind='open' and "
    .. "json_extract(body,'$.args.what')='" .. what .. "' order by pos"):gsub("\n", ", "))
end

function cases.items_one_at_a_time_are_done_in_the_lists_order(w)
  w:body [[
    return each({ "World", "Kiro" }, { at_once = 1 }, function(name)
      return step("Greet " .. name, function()
        sleep("20ms")
        return ("Hello, %s!"):format(name)
      end)
    end)
  ]]
  w:run():exits(0):says('"value":["Hello, World!","Hello, Kiro!"]')
  local one = "open open timer fired close close "
  w:equal("begin open " .. one .. one .. "close end", w:kinds(), "The journal")
  w:equal("Greet World, Greet Kiro", begun(w, "step"), "The steps")
end

function cases.an_empty_list_leaves_one_scope_and_no_item(w)
  w:body [[ return each({}, function() return 1 end) ]]
  w:run():exits(0):says('"outcome":"done"')
  w:equal("begin open close end", w:kinds(), "The journal")
end

function cases.an_item_whose_failure_nobody_catches_fails_the_run(w)
  w:body([[
    each({ "a", "b" }, { at_once = 1 }, function(item)
      sleep("20ms")
      ensure(item ~= "a", "Went wrong.")
      storage("box"):put { key = item, body = "1" }
    end)
  ]], 'on_failure = "stop"')
  w:run():exits(1):says('"outcome":"failed"'):says("Went wrong.")
  w:equal("a", begun(w, "branch"), "Items that began")
  w:equal("", w:objects(), "The box")
end

function cases.items_are_named_by_their_text_or_place_and_steps_by_the_runbook(w)
  w:body [[
    each({ "db-1", "db-2" }, { at_once = 1 }, function() end)
    return each({ 1, 2 }, { at_once = 1 }, function(item)
      return step("item-" .. item, function() return item * 10 end)
    end)
  ]]
  w:run():exits(0):says('"value":[10,20]')
  w:equal("db-1, db-2, item 1, item 2", begun(w, "branch"), "The items")
  w:equal("item-1, item-2", begun(w, "step"), "The steps")
end

function cases.an_item_that_waits_is_gone_on_with_and_those_before_are_not_done_again(w)
  w:body [[
    return each({ "r0", "r1" }, { at_once = 1 }, function(item)
      if item == "r1" then sleep("1500ms") end
      return step("Act " .. item, function()
        process("local"):run { program = "sh", arguments = { "-c", "echo x >>@W@/" .. item } }
        return item
      end)
    end)
  ]]
  killed_at(w, "kind='timer' and f('$.args.why')='sleep'")
  w:resume():exits(0):says('"value":["r0","r1"]')
  w:equal("x\n", w:read("r0"), "The first item's act")
  w:equal("x\n", w:read("r1"), "The second item's act")
  w:equal("r0, r1", begun(w, "branch"), "Items that began")
end

function cases.long_results_of_items_are_whole_after_a_replay(w)
  w:body [[
    local all = each({ "a", "b", "c", "d" }, { at_once = 1 }, function(item)
      return step("Long " .. item, function() return item:rep(70000) end)
    end)
    sleep("1500ms")
    local whole = 0
    for index, item in ipairs { "a", "b", "c", "d" } do
      whole = whole + (all[index] == item:rep(70000) and 1 or 0)
    end
    return { total = #all, whole = whole }
  ]]
  killed_at(w, "kind='timer'")
  gone_on_with(w):says('"value":{"total":4,"whole":4}')
  w:equal(4, w:count("kind='open' and f('$.args.what')='step'"), "Steps that began")
end

function cases.a_list_that_is_done_is_not_done_again_by_the_next_host(w)
  w:body [[
    local all = each({ "a", "b" }, { at_once = 1 }, function(item)
      process("local"):run { program = "sh", arguments = { "-c", "echo x >>@W@/" .. item } }
      return item:upper()
    end)
    sleep("1500ms")
    return all
  ]]
  killed_at(w, "kind='timer' and f('$.args.why')='sleep'")
  w:resume():exits(0):says('"value":["A","B"]')
  w:equal("x\nx\n", w:read("a") .. w:read("b"), "The acts")
end

function cases.errors_that_were_collected_are_the_same_for_the_next_host(w)
  w:body [[
    local done, failed = each({ "good", "bad" }, { at_once = 1, on_error = "collect" },
      function(item)
        log("doing " .. item)
        ensure(item == "good", "%s failed", item)
        return item
      end)
    sleep("1500ms")
    return { done = done[1], count = #failed, index = failed[1].index,
      message = failed[1].error.message }
  ]]
  killed_at(w, "kind='timer'")
  gone_on_with(w):says('"value":{"count":1,"done":"good","index":2,"message":"bad failed"}')
  w:equal(2, w:count("kind='log' and f('$.level')='info'"), "Lines")
end

-- There is no option for how many must succeed or may fail: a runbook keeps the count, and ends
-- the rest by raising. `expected` is what the count says and which items had begun.
local counting = [[
    local items, enough, tolerated = %s, %s, %s
    local count = { succeeded = 0, failed = 0 }
    try(function()
      each(items, { at_once = 1 }, function(item, index)
        storage("box"):put { key = "item" .. index, body = item }
        local ok = try(step, "Item " .. index, function() ensure(item == "ok", "no") end)
        local word = ok and "succeeded" or "failed"
        count[word] = count[word] + 1
        count.why = count.failed > tolerated and "too many failed"
          or count.succeeded >= enough and "enough succeeded" or nil
        if count.why then error { code = "over", message = count.why, retry = "never" } end
      end)
    end)
    approve("Go on?")
    return count
]]

local function counts(w, items, enough, tolerated, value, begun_items)
  w:body(counting:format(items, enough, tolerated))
  w:run():exits(3)
  w:tell("approve"):exits(0)
  w:resume():exits(0):says('"value":' .. value)
  w:equal(begun_items, w:objects(), "Items that began")
end

function cases.a_runbook_that_counts_successes_ends_the_rest_once_there_are_enough(w)
  counts(w, '{ "ok", "ok", "ok", "ok" }', 2, 0,
    '{"failed":0,"succeeded":2,"why":"enough succeeded"}', "item1=ok item2=ok")
end

function cases.a_runbook_that_counts_failures_ends_the_rest_once_there_are_too_many(w)
  counts(w, '{ "bad", "bad", "ok" }', 3, 1,
    '{"failed":2,"succeeded":0,"why":"too many failed"}', "item1=bad item2=bad")
end

function cases.a_runbook_that_counts_a_share_of_failures_ends_the_rest_above_it(w)
  counts(w, '{ "bad", "bad", "ok", "ok" }', 5, "0.25 * 4",
    '{"failed":2,"succeeded":0,"why":"too many failed"}', "item1=bad item2=bad")
end

function cases.a_runbook_that_counts_a_share_of_failures_does_all_up_to_it(w)
  counts(w, '{ "bad", "ok", "ok", "ok" }', 5, "0.25 * 4",
    '{"failed":1,"succeeded":3}', "item1=bad item2=ok item3=ok item4=ok")
end

function cases.a_runbook_that_counts_does_all_where_too_few_succeed_and_fail(w)
  counts(w, '{ "ok", "bad", "ok" }', 3, 3, '{"failed":1,"succeeded":2}',
    "item1=ok item2=bad item3=ok")
end

return cases
