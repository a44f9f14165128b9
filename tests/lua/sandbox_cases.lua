-- Scripts that loop, crash or flood: the host stays, says why, and can be resumed.
local rig = require("rig")

local cases = {}

-- Stops the run while its worker is in the middle of something that no hook reaches.
local function interrupts(w, text)
  w:body(text)
  local job = w:start()
  w:await "kind='begin'"
  os.execute("sleep 0.5")
  local began = os.time()
  job:kill("INT")
  os.execute("sleep 0.2")
  job:kill("INT")
  local ended = job:wait()
  ended:exits(130)
  if os.time() - began > 5 then error("It took " .. os.time() - began .. " s to stop.") end
end

function cases.ctrl_c_stops_an_empty_loop(w) interrupts(w, "while true do end") end

function cases.ctrl_c_stops_an_exponential_pattern(w)
  interrupts(w, [[string.find(("a"):rep(30), ("a?"):rep(30) .. ("a"):rep(30) .. "b")]])
end

function cases.ctrl_c_stops_a_loop_of_pcalls(w)
  interrupts(w, "while true do pcall(function() while true do end end) end")
end

local function dies_three_times(w, text, reason)
  w:body(text)
  w:run("", 58):exits(3):says(reason)
  w:equal(3, w:count("kind='fault'"), "Deaths")
  w:equal("parked", w:sql("select state from run"), "The state")
  w:equal("a=1", w:objects(), "What came before is done once")
  w:equal(1, w:count("kind='intent'"), "Intents")
end

local put = "storage('box'):put { key = 'a', body = '1' }\n"

function cases.a_script_whose_worker_dies_three_times_in_a_row_is_parked(w)
  dies_three_times(w, put .. "local t = {}\nfor i = 1, 1e9 do t[i] = ('x'):rep(1e5) .. i end",
    "died three times")
end

function cases.a_worker_that_is_killed_is_replaced_and_replayed(w)
  w:body [[
    storage("box"):put { key = "a", body = "1" }
    sleep("1500ms")
    storage("box"):put { key = "b", body = "2" }
    return "over"
  ]]
  local job = w:start()
  w:await "kind='timer'"
  rig.shell(("pkill -KILL -P %d perilune-worker"):format(job.pid))
  job:wait():exits(0):says('"value":"over"')
  w:equal(1, w:count("kind='fault'"), "Deaths")
  w:equal("a=1 b=2", w:objects(), "The box")
  w:equal(2, w:count("kind='intent'"), "Intents")
end

function cases.a_worker_killed_during_a_read_gets_its_answer(w)
  w:body [[
    local seen = process("local"):inspect { program = "peek", arguments = { "-c",
      "sleep 1; echo seen" } }
    return seen.output
  ]]
  local job = w:start()
  rig.wait(function() return rig.shell(("pgrep -P %d sh"):format(job.pid)) ~= "" end, "the read")
  rig.shell(("pkill -KILL -P %d perilune-worker"):format(job.pid))
  job:wait():exits(0):says('"value":"seen\\n"')
  w:equal(1, w:count("kind='read'"), "Reads")
end

function cases.a_worker_killed_in_each_of_many_moments_changes_nothing(w)
  w:body [[
    for i = 1, 120 do
      parallel { a = function() sleep("10ms") end,
        b = function() storage("box"):put { key = "k", body = tostring(i) } end }
    end
    return "over"
  ]]
  local job = w:start()
  w:await "kind='intent'"
  for _ = 1, 12 do
    os.execute("sleep 0.07")
    rig.shell(("pkill -KILL -P %d perilune-worker"):format(job.pid))
  end
  job:wait():exits(0):says('"value":"over"')
  w:equal("k=120", w:objects(), "The box")
  w:equal(120, w:count("kind='result'"), "Results")
  if w:count("kind='fault'") < 3 then error("Too few deaths to mean anything.") end
  w:perilune("verify case"):exits(0)
end

function cases.recursion_through_coroutines_is_an_error(w)
  w:body [[
    local function f() coroutine.wrap(f)() end
    local function g() return (("x"):gsub("x", g)) end
    local function h() table.sort({ 3, 2, 1 }, function() h(); return false end) end
    return { pcall(f), pcall(g), pcall(h) }
  ]]
  w:run():exits(0):says('"value":[false,')
end

function cases.waiting_words_refuse_the_scripts_own_coroutines(w)
  w:body [[
    local refused = {}
    local function note(body) refused[#refused + 1] = (select(2, pcall(body)) or {}).code end
    note(coroutine.wrap(function() return step("inner", function() return 1 end) end))
    note(function() table.sort({ 2, 1 }, function() sleep("1s") end) end)
    note(function()
      return ("x"):gsub("x", function() storage("box"):put { key = "a", body = "1" } end)
    end)
    note(function() return setmetatable({}, { __index = function() sleep(0) end }).x end)
    return { refused, step("outer", function() return 2 end) }
  ]]
  local ended = w:run():exits(0)
  ended:says('"cannot_wait","cannot_wait","cannot_wait"'):says(',2]')
  w:equal(1, w:count("kind='open'"), "Steps")
  w:equal(0, w:count("kind='intent'"), "Intents")
end

function cases.odd_step_names_are_refused_and_equal_ones_have_their_places(w)
  w:body [[
    local refused = {}
    for _, name in ipairs { ("n"):rep(1e6), "a\0b\n", "", 7, {} } do
      refused[#refused + 1] = (select(2, pcall(step, name, function() end)) or {}).code
    end
    step("dup", function() end)
    step("dup", function() ensure(false, "the second one") end)
    return refused
  ]]
  w:run():exits(3):says('"step":"dup[2]"')
end

function cases.odd_step_names_raise_an_error_that_says_why(w)
  w:body [[
    local messages = {}
    for _, name in ipairs { ("n"):rep(1e6), "a\0b\n", "" } do
      messages[#messages + 1] = select(2, pcall(step, name, function() end)).message
    end
    return messages
  ]]
  w:run():exits(0):says("must have 1 to 200 bytes and no control bytes, but it has 1000000 bytes")
    :says("but it has 0 bytes")
end

function cases.an_error_that_cannot_be_shown_is_still_told(w)
  w:body [[ step("x", function()
    error(setmetatable({}, { __tostring = function() while true do end end })) end) ]]
  w:run("", 20):exits(3):says("A table without a message was raised.")
end

function cases.control_bytes_in_an_error_do_not_reach_the_terminal(w)
  w:body [[ step("x", function() error("\27[2J\27]0;owned\7\r\nFAKE: run succeeded", 0) end) ]]
  local ended = w:perilune("run book --environment here --no-input --run-id case")
  ended:exits(3):says("FAKE: run succeeded"):says_not("\27[2J"):says_not("\27]0;"):says_not("\7")
end

function cases.pairs_and_tostring_show_the_same_everywhere(w)
  w:body [[
    local keys = {}
    for key in pairs { zeta = 1, alpha = 1, beta = 1, [1] = 1, [true] = 1 } do
      keys[#keys + 1] = tostring(key)
    end
    return { keys, tostring({}), tostring(print), ("%s"):format({}) }
  ]]
  w:run():exits(3):says("print is not part of the language")
  w:body [[
    local keys = {}
    for key in pairs { zeta = 1, alpha = 1, beta = 1, [1] = 1 } do
      keys[#keys + 1] = tostring(key)
    end
    return { table.concat(keys, " "), tostring({}), ("%s"):format({}) }
  ]]
  w:perilune("run book --environment here --no-input --json"):exits(0)
    :says('"value":["1 alpha beta zeta","table","table"]')
end

function cases.what_the_language_gives_cannot_be_changed_behind_its_back(w)
  w:body [[
    local box = storage("box")
    for number, change in ipairs {
      function() rawset(box, "put", function() end) end,
      function() table.insert(box, 1) end,
      function() rawset(run, "id", "another") end,
    } do
      local _, err = try(change)
      ensure(tostring(err):find("read-only", 1, true), "Change " .. number .. " was made.")
    end
    return run.id
  ]]
  w:run():exits(0):says('"value":"case"')
end

function cases.date_takes_times_that_have_a_date(w)
  w:body [[
    for _, at in ipairs { 1e308, -1e308, 0 / 0, 253402300800 } do
      local text, err = try(date, "%Y", at)
      ensure(not text and tostring(err):find("date needs a time", 1, true), "It took " .. at)
    end
    return { date("%Y-%m-%d", 0), date("%Y", 253402300799), date("%Y", -62167219200) }
  ]]
  w:run():exits(0):says('"value":["1970-01-01","9999","0000"]')
end

return cases
