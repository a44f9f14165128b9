-- Scripts whose worker is killed at a limit: the host says which, and executes the next script.
local rig = require("rig")

local cases = {}

local function check_next_script(w)
  w:body("    return 1 + 1", nil, "harmless")
  w:perilune("run harmless --environment here --no-input --json"):exits(0):says('"value":2')
  w:perilune("verify case"):exits(0)
end

-- One death is waited for, not the three that park a run: each costs the whole limit of time.
local function runs_out_of_time(w, text)
  w:body(text)
  local job = w:start()
  w:await "kind='begin'"
  os.execute("sleep 8")
  rig.wait(function() return w:count("kind='fault'") > 0 end, "the limit of time", 45)
  w:equal("The script used more than 10 s of processor time without waiting for anything.",
    w:field("$.text", "kind='fault'"), "The reason")
  job:kill("INT")
  os.execute("sleep 0.2")
  job:kill("INT")
  job:wait():exits(130):says_not("BREACH")
  check_next_script(w)
end

function cases.an_empty_loop_is_killed_at_the_limit_of_time(w)
  runs_out_of_time(w, "while true do end")
end

function cases.a_loop_of_pcalls_is_killed_at_the_limit_of_time(w)
  runs_out_of_time(w, "while true do pcall(function() while true do end end) end")
end

function cases.an_exponential_pattern_is_killed_at_the_limit_of_time(w)
  runs_out_of_time(w, "local n = 30; string.find(('a'):rep(n), ('a?'):rep(n) .. ('a'):rep(n) "
    .. ".. 'b'); log('BREACH: finished')")
end

local function runs_out_of_memory(w, text)
  w:body(text)
  w:run("", 58):exits(3):says("The script needed more than 256 MiB of memory, its limit.")
    :says('"state":"parked"'):says_not("BREACH")
  w:equal(3, w:count("kind='fault'"), "Deaths")
  check_next_script(w)
end

function cases.a_table_that_is_filled_is_killed_at_the_limit_of_memory(w)
  runs_out_of_memory(w, "local t = {}; local ok, e = pcall(function() for i = 1, 3e7 do "
    .. "t[i] = i end end)\nlog(ok and 'BREACH: 30M entries' or 'BREACH: caught ' .. tostring(e))")
end

function cases.a_replacement_that_grows_is_killed_at_the_limit_of_memory(w)
  runs_out_of_memory(w, [[
    local s = ("x"):rep(1000)
    local ok, e = pcall(function() for i = 1, 20 do s = s:gsub("x", "xxxxxxxxxx") end end)
    log(#s > 2^28 and "BREACH" or "BREACH: caught " .. tostring(e))
  ]])
end

-- The child is a script of its own under the same host.
function cases.a_host_executes_one_script_while_it_kills_another(w)
  w:body("    local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1e5) .. i end", nil, "greedy")
  w:body [[
    parallel {
      greedy = function() run_runbook("greedy") end,
      modest = function()
        for i = 1, 20 do
          storage("box"):put { key = "modest", body = tostring(i) }
          sleep("100ms")
        end
      end,
    }
  ]]
  w:run("", 58):exits(3)
  w:equal(3, w:count("kind='fault'"), "Deaths")
  w:equal("modest=20", w:objects(), "What the other script did")
  check_next_script(w)
end

function cases.an_error_whose_text_never_ends_is_told_without_asking_it(w)
  w:body "error(setmetatable({}, { __tostring = function() while true do end end }))"
  w:run("", 20):exits(3):says("A table without a message was raised.")
  w:equal(0, w:count("kind='fault'"), "Deaths")
  check_next_script(w)
end

return cases
