-- What a script gives to the host: tables that lie, programs, numbers, names, redirects, children.
local rig = require("rig")

local cases = {}

-- Put before a body: `note(f, …)` calls f and keeps the code and message of what it raised.
local noting = [[
    local seen = {}
    local function note(f, ...)
      local ok, raised = pcall(f, ...)
      seen[#seen + 1] = ok and "BREACH: accepted" or raised.code .. ": " .. raised.message
    end
]]

local function check_next_script(w)
  w:body("    return 1 + 1", nil, "harmless")
  w:perilune("run harmless --environment here --no-input --json"):exits(0):says('"value":2')
end

-- A field that only a metamethod gives is none: the host never sees one value and then another.
function cases.fields_that_a_metamethod_gives_are_never_asked_for(w)
  w:body(noting .. [[
    local asked = 0
    local function lying(given)
      return setmetatable(given, { __index = function() asked = asked + 1 return "x" end,
        __pairs = function() asked = asked + 1 return next, { key = "other" } end })
    end
    note(function() storage("box"):put(lying { key = "a" }) end)
    note(function() storage("box"):put { key = "a", body = lying {} } end)
    note(function() run_runbook("harmless", { list = lying { 1 } }) end)
    return { asked, seen }
  ]])
  w:body("    return 1", nil, "harmless")
  w:run():says_not("BREACH"):says('"value":[0,["refused: storage:put needs body')
    :says("body is a table with a metatable"):exits(0)
  w:equal("", w:objects(), "The box")
  check_next_script(w)
end

function cases.only_declared_programs_with_declared_variables_are_started(w)
  w:body(noting .. [[
    local target = process("local")
    local function started(given) note(function() return target:run(given) end) end
    started { program = "git", arguments = { "ls-remote", "--upload-pack=touch @W@/owned", "x" } }
    started { program = "/bin/sh", arguments = { "-c", "touch @W@/owned" } }
    started { program = "../bin/sh", arguments = { "-c", "touch @W@/owned" } }
    started { program = "sh", arguments = { "-c", "touch @W@/owned" },
      environment = { LD_PRELOAD = "@W@/e.so" } }
    started { program = "sh", arguments = { "-c", "touch @W@/owned" },
      environment = { DYLD_INSERT_LIBRARIES = "@W@/e.so" } }
    for _, name in ipairs { "A\nB", "A=B", "A\0B", "", "PATH" } do
      started { program = "sh", arguments = { "-c", "touch @W@/owned" },
        environment = { [name] = "1" } }
    end
    started { program = "sh", arguments = { "-c", "touch @W@/owned" }, cwd = "../.." }
    started { program = "sh", arguments = { "-c", "touch @W@/owned" }, folder = "../.." }
    started { program = "sh; touch @W@/owned" }
    started { program = "sh", arguments = { "-c", "touch @W@/owned", "\0-la" } }
    started { program = "sh", arguments = "-c touch @W@/owned" }
    note(function() return target:run("ls; touch @W@/owned") end)
    local variables = target:inspect { program = "peek", arguments = { "-c", "env" } }.output
    return { seen, not variables:find("HOME=") and variables:find("PATH=/usr/bin:/bin\n") ~= nil }
  ]])
  w:run():exits(0):says_not("BREACH"):says("],true]"):says("the variable LD_PRELOAD is refused")
    :says("the variable DYLD_INSERT_LIBRARIES is refused"):says("argument 3 holds a NUL byte")
    :says("declares no program \\\"git\\\""):says("takes no variable PATH from a runbook")
  w:equal(nil, w:read("owned"), "What a refused program would have made")
  w:equal(0, w:count("kind='intent'"), "Intents")
  check_next_script(w)
end

-- Alters the code that the run carries, as no command does, so that a plain resume diverges.
function cases.a_replay_that_differs_is_not_caught_by_the_script(w)
  w:body [[
    pcall(step, "One", function() storage("box"):put { key = "one", body = "1" } end)
    approve("Go on?")
    storage("box"):put { key = "after", body = "1" }
  ]]
  w:run():exits(3)
  w:tell("approve"):exits(0)
  rig.shell(("sqlite3 %s \"update file set text = cast(replace(cast(text as text), 'One', 'Uno') "
    .. "as blob)\""):format(rig.quoted(w.folder .. "/state/state.db")))
  w:resume():exits(3):says('step \\"One\\"'):says('step \\"Uno\\"')
  w:equal("diverged", w:sql("select state from run"), "The state")
  w:equal("one=1", w:objects(), "The box")
  check_next_script(w)
end

-- Who approves, and that it was approved, is never said by a script.
function cases.a_script_cannot_approve_for_a_person(w)
  w:body(noting .. [[
    local plan = { replicas = 1 }
    note(approve, { plan = plan, approver = "me", approved = true })
    note(approve, "Scale", { approver = "me" })
    note(approve, "Scale", { approved = true })
    note(approve, "Scale", { plan = plan })
    note(approve, "Scale", { by = "me" })
    note(confirm, "Scale", { answer = true })
    note(step, "scale", { requires = "approval" }, function() end)
    return seen
  ]])
  w:run():exits(0):says_not("BREACH"):says("has no option \\\"approver\\\"")
    :says("has no option \\\"approved\\\""):says("has no option \\\"plan\\\"")
    :says("has no option \\\"requires\\\"")
  w:equal(0, w:count("kind in ('question', 'open', 'answer')"), "Questions, steps and answers")
  check_next_script(w)
end

-- Every error but those of sleep names the argument and the value.
function cases.numbers_that_are_no_amounts_are_refused_by_name_and_value(w)
  w:body [[
    local wrong = {}
    local function check(what, shown, f, ...)
      local ok, raised = pcall(f, ...)
      local message = ok and "accepted" or raised.message
      if ok or not (message:find(what, 1, true) and message:find(shown, 1, true)) then
        wrong[#wrong + 1] = what .. " " .. shown .. ": " .. message
      end
    end
    for shown, v in pairs { nan = 0/0, inf = 1/0, ["-inf"] = -1/0, ["-1"] = -1,
      ["9.007199254741e+15"] = 2^53 + 2, ["1e+308"] = 1e308, ['"10"'] = "10", ['"0x10"'] = "0x10",
      ["true"] = true, table = {} } do
      local function never() error("executed") end
      check("sleep", "duration", sleep, v)
      check("retries", shown, step, "r", { retries = v }, never)
      check("timeout", shown, step, "r", { timeout = v }, never)
      check("backoff", shown, step, "r", { backoff = v }, never)
      check("within", shown, wait_until, "r", { within = v }, never)
      check("during", shown, hold, "r", { during = v }, never)
      check("within", shown, wait_for, { "r" }, { within = v })
      check("at_once", shown, each, { 1 }, { at_once = v }, never)
    end
    check("retries", "0.5", step, "r", { retries = 0.5 }, function() end)
    sleep(-0.0)
    sleep(0.5)
    return wrong
  ]]
  w:run("", 30):exits(0):says('"value":[]')
  w:equal(0, w:count("kind='open'"), "Steps")
  w:equal(1, w:count("kind='timer' and f('$.deadline.length') = 0.5"), "Sleeps of half a second")
  check_next_script(w)
end

function cases.runs_that_start_themselves_are_eight_deep_at_most(w)
  w:body [[
    local ok, raised = try(run_runbook, "book")
    return ok and "started" or raised.message
  ]]
  w:run():exits(0):says("Child runs may be at most 8 deep."):says('"value":"started"')
  w:equal("9", w:sql("select count(*) from run"), "Runs")
  w:run():exits(2):says("A run with the id case exists already")
  check_next_script(w)
end

-- Whether the service did something before it answered a POST with a redirect, nobody knows.
function cases.a_redirect_is_not_followed_and_is_named(w)
  local server = w.folder .. "/server"
  rig.shell("mkdir " .. rig.quoted(server))
  os.execute(("setsid luajit %s %s &"):format(rig.quoted((arg[0]:gsub("[^/]*$", ""))
    .. "redirecting.lua"), rig.quoted(server)))
  rig.wait(function() return (rig.read(server .. "/port") or ""):find("\n") end, "the server")
  local port = rig.read(server .. "/port"):match("%d+")
  w:environment("kind: development\ntargets:\n  http/site: { driver: http, url: "
    .. '"http://127.0.0.1:' .. port .. "\" }\n")
  w:book [[return runbook { summary = "x", targets = { ["http/site"] = { "post" } },
    run = function()
      local _, raised = pcall(http("site").get, http("site"), { path = "/here" })
      ensure(raised.code == "redirect_refused", "The code is " .. raised.code)
      http("site"):post { path = "/there", body = "x" }
    end }]]
  local ended = w:run("", 30)
  rig.shell("kill " .. rig.read(server .. "/pid"))
  ended:exits(9)
  local refused = "answered 302, a redirect to http://127.0.0.1:" .. port .. "/elsewhere"
  ended:says("GET /here on http/site " .. refused):says("POST /there on http/site " .. refused)
  w:equal("GET /here\nPOST /there\n", rig.read(server .. "/asked"), "What was sent")
end

return cases
