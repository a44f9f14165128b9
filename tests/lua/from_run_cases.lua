-- test --from-run: what happened in a run becomes a test, which passes as it is.
local rig = require("rig")

local cases = {}
local sh = function(w, command) return (rig.shell(w:fill(command))) end

-- Writes the run's test, executes it alone, and returns its text.
local function from_run(w, run)
  local written = w:perilune("test --from-run " .. (run or "case")):exits(0)
  local path = written.out:match("^(%S+)")
  w:perilune("test"):exits(0):says("1 passed, 0 failed")
  return rig.read(path), path
end

function cases.a_step_that_failed_and_was_tried_again_becomes_a_test(w)
  w:body [[
    local box = storage("box")
    step("First", function()
      box:put { key = "a", body = "1" }
      ensure(box:head { key = "go" }, "There is nothing to go by.")
    end)
    local place = ask("Where to?")
    parallel {
      left = function() sleep("50ms") box:put { key = place, body = "1" } end,
      right = function()
        wait_until("it is there", { within = "5s", every = "10ms" }, function()
          return box:head { key = place }
        end)
        notify("log"):send { text = run.id .. " by " .. run.started_by .. random(10000) }
      end,
    }
    return { place = place }
  ]]
  w:run():exits(3)
  w:file("box/go", "yes")
  w:tell("retry"):exits(3)
  w:perilune("answer case 'Where to?' east --reason 'the west burns'"):exits(0)
  w:resume():exits(0)
  local text = from_run(w)
  for _, wanted in ipairs { "decision = \"retry\"", "value = \"east\"", "the west burns",
    "assert.equal(\"done\"", "place = \"east\"" } do
    if not text:find(wanted, 1, true) then error("The test lacks " .. wanted .. "\n" .. text, 0) end
  end
  if text:find(w:user() .. "@", 1, true) then error("A person is named.\n" .. text, 0) end
end

function cases.the_test_fails_where_the_runbook_does_something_else(w)
  w:body [[ storage("box"):put { key = "a", body = "1" } ]]
  w:run():exits(0)
  from_run(w)
  w:body [[ storage("box"):put { key = "a", body = "2" } ]]
  w:perilune("test"):exits(1):says("assert.same"):says("body = \"1\""):says("body = \"2\"")
end

function cases.a_run_that_was_undone_becomes_a_test(w)
  w:body([[
    local box = storage("box")
    step("Kept", { undo = function() notify("log"):send { text = "taken back" } end }, function()
      box:put { key = "a", body = "1" }
    end)
    box:put { key = "b", body = "1" }
    step("Bad", function()
      box:put { key = "c", body = "1" }
      ensure(false, "It is wrong.")
    end)
  ]], "ended = function(_, result) notify(\"log\"):send { text = result.outcome } end")
  w:run():exits(3)
  w:tell("undo"):exits(7)
  local text = from_run(w)
  for _, wanted in ipairs { "w:undo(run", "storage/box:delete", "assert.equal(\"undone\"" } do
    if not text:find(wanted, 1, true) then error("The test lacks " .. wanted .. "\n" .. text, 0) end
  end
end

function cases.failures_of_targets_happen_again(w)
  w:body [[
    local shell = process("local")
    local ok, failure = try(function()
      shell:run { program = "sh", arguments = { "-c", "exit 3" } }
    end)
    local seen = try(function()
      shell:inspect { program = "peek", arguments = { "-c", "exit 4" } }
    end)
    try(function()
      step("Slow", { timeout = "200ms" }, function()
        shell:run { program = "sh", arguments = { "-c", "sleep 3" }, timeout = "1s" }
      end)
    end)
    storage("box"):put { key = "a", body = tostring(ok) .. failure.code .. tostring(seen) }
  ]]
  w:run():exits(0)
  local text = from_run(w)
  if not text:find("outcome = \"failed\"", 1, true) then
    error("No failure is in it.\n" .. text, 0)
  end
end

function cases.a_lost_answer_is_lost_again_and_found_by_looking(w)
  w:body([[
    local made = process("local"):run {
      program = "sh", arguments = { "-c", "echo yes > ]] .. w.folder .. [[/began; sleep 1" },
    }
    storage("box"):put { key = "a", body = "exit " .. made.exit_code }
  ]])
  local job = w:start()
  -- Before this the program may not exist yet, and then it is executed again, not found.
  rig.wait(function() return rig.read(w.folder .. "/began") end, "the program")
  job:kill("KILL")
  job.wait()
  w:resume():exits(0)
  local text = from_run(w)
  if not text:find("found = true", 1, true) or not text:find("\"unknown\"", 1, true) then
    error("The answer is not lost in it.\n" .. text, 0)
  end
end

-- A server that answers a POST so that nobody knows what it did.
local function start_server(w)
  local server = w.folder .. "/server"
  rig.shell("mkdir " .. rig.quoted(server))
  os.execute(("setsid luajit %s %s &"):format(rig.quoted((arg[0]:gsub("[^/]*$", ""))
    .. "redirecting.lua"), rig.quoted(server)))
  rig.wait(function() return (rig.read(server .. "/port") or ""):find("\n") end, "the server")
  w:environment("kind: development\ntargets:\n  storage/box: { driver: folder, path: ../box }\n"
    .. "  http/site: { driver: http, url: \"http://127.0.0.1:"
    .. rig.read(server .. "/port"):match("%d+") .. "\" }\n")
end

function cases.of_two_doubts_of_one_name_the_one_that_is_meant_must_be_named(w)
  start_server(w)
  w:book [[
return runbook {
  summary = "A case",
  targets = { ["http/site"] = { "post" } },
  run = function()
    return parallel {
      left = function() return http("site"):post { path = "/left", body = "x" }.said end,
      right = function() return http("site"):post { path = "/right", body = "x" }.said end,
    }
  end,
}
]]
  w:run("", 30):exits(9)
  local left, right = w:field("$.of", "kind = 'doubt' and f('$.text') like '%/left%'"),
    w:field("$.of", "kind = 'doubt' and f('$.text') like '%/right%'")
  local function settle(which, said)
    return w:tell("settle", ("'%s' --happened --result '{\"said\":\"%s\"}' --reason 'I looked'")
      :format(which, said))
  end
  settle("http/site:post", "any"):exits(9):says("say which one"):says("(" .. left .. ")")
    :says("(" .. right .. ")")
  w:equal(0, w:count("kind = 'result'"), "Results")
  settle(right, "R"):exits(9)
  settle("http/site:post", "L"):exits(0):says('{"left":"L","right":"R"}')
end

function cases.what_was_in_doubt_and_settled_by_a_person_becomes_a_test(w)
  start_server(w)
  w:book [[
return runbook {
  summary = "A case",
  targets = { ["http/site"] = { "post" }, ["storage/box"] = { "put" } },
  run = function()
    local made = http("site"):post { path = "/there", body = "x" }
    storage("box"):put { key = "a", body = made.said }
  end,
}
]]
  w:run("", 30):exits(9):says("perilune settle case --happened")
  rig.shell("kill " .. rig.read(w.folder .. "/server/pid"))
  from_run(w)
  rig.shell("rm " .. rig.quoted(w.folder) .. "/library/tests/*")
  w:tell("settle", "--happened --result '{\"said\":\"yes\"}' --reason 'I looked'"):exits(0)
  local text = from_run(w)
  if not text:find("w:settle(run", 1, true) then error("Nobody settles it.\n" .. text, 0) end
end

function cases.a_run_that_waits_and_its_child_become_a_test(w)
  w:body([[ return { n = storage("box"):put { key = "in", body = "1" }.size_bytes } ]], nil,
    "child")
  w:body [[
    local made = run_runbook("child")
    storage("box"):put { key = "n", body = tostring(made.n) }
    approve("Go on?")
  ]]
  w:run():exits(3)
  from_run(w)
  w:tell("approve"):exits(0)
  w:resume():exits(0)
  w:perilune("test --from-run case"):exits(2):says("already")
  w:perilune("test --from-run case --output @W@/library/tests/ended_test.lua --json"):exits(0)
    :says("\"run\":\"case\"")
  w:perilune("test ended"):exits(0):says("1 passed")
  w:perilune("test --from-run nosuch"):exits(2)
end

function cases.secrets_are_not_in_the_test(w)
  local secret = "k3ep-th1s-t0-y0urself"
  w:environment([[
kind: development
secrets: { provider: file, folder: @W@/secrets }
targets:
  storage/box: { driver: folder, path: ../box }
  process/local:
    driver: local
    programs:
      sh: { path: /bin/sh, arguments: any, effect: change, variables: [OTHER],
        environment: { KEY: "secret:KEY" } }
]])
  w:file("secrets/KEY", secret)
  sh(w, "chmod 700 @W@/secrets && chmod 600 @W@/secrets/KEY")
  w:book [[
return runbook {
  summary = "A case",
  targets = { ["process/local"] = { "run" }, ["storage/box"] = { "put" } },
  run = function()
    local told = process("local"):run { program = "sh", arguments = { "-c", "echo $KEY" } }
    storage("box"):put { key = "a", body = told.output }
    process("local"):run { program = "sh", arguments = { "-c", "true" },
      environment = { OTHER = secret("KEY") } }
  end,
}
]]
  w:run():exits(0)
  local text = from_run(w)
  if text:find(secret, 1, true) then error("The secret is in the test.\n" .. text, 0) end
  if not text:find("[secret KEY]", 1, true) then error("Its name is not.\n" .. text, 0) end
end

-- The quickstart in the case's folder, with a port of its own.
local function open_quickstart(w)
  local source = os.getenv("PERILUNE_SOURCE") or "."
  local port = 20000 + tonumber(sh(w, "echo $$")) % 20000
  sh(w, ("rm -rf @W@/library && cp -r %s/runbooks/quickstart @W@/library && cd @W@/library && "
    .. "rm -rf tests/* && sed -i 's|../../.local/quickstart|../q|; s|18480|%d|' "
    .. "environments/local.yaml && mkdir -p @W@/q/data @W@/q/dns @W@/q/backups && "
    .. "for v in 1.0 1.1; do mkdir -p @W@/q/artifacts/$v && cp app/shop.py @W@/q/artifacts/$v/; "
    .. "done && python3 app/demo.py create @W@/q/data/shop.db"):format(source, port))
  w:file("q/dns/shop.example.zone", "$ORIGIN shop.example.\n$TTL 5m\n"
    .. "@ IN SOA ns hostmaster 1 1h 15m 1w 5m\n@ IN NS ns\nns IN A 192.0.2.53\n"
    .. "app IN A 127.0.0.1\nstatus IN A 192.0.2.80\nwww IN CNAME app.shop.example.\n")
end

local function run_quickstart(w, id, words)
  return w:perilune(("run %s --environment local --no-input --run-id %s"):format(words, id))
end

function cases.the_quickstarts_recovery_and_deployments_become_tests(w)
  open_quickstart(w)
  run_quickstart(w, "first", "deploy-shop version=1.0 ask_first=false"):exits(0)
  for _, name in ipairs { "monday", "tuesday" } do
    sh(w, "python3 @W@/library/app/demo.py sell @W@/q/data/shop.db 25")
    run_quickstart(w, name, "back-up-database name=" .. name):exits(0)
  end
  sh(w, "cd @W@/library/app && python3 demo.py damage @W@/q/data/shop.db && "
    .. "python3 demo.py damage-backup @W@/q/backups")
  run_quickstart(w, "recovery", "recover-database"):exits(0)
  run_quickstart(w, "second", "deploy-shop version=1.1"):exits(3)
  w:perilune("approve second"):exits(0)
  w:perilune("resume second --no-input"):exits(0)
  w:perilune("undo second --no-input"):exits(7)
  sh(w, "python3 @W@/library/app/demo.py stop @W@/q")
  for _, run in ipairs { "first", "monday", "recovery", "second" } do
    w:perilune("test --from-run " .. run):exits(0)
  end
  w:perilune("test"):exits(0):says("4 passed, 0 failed")
  w:perilune("replay recovery"):exits(0)
  w:perilune("replay second --with-current-code"):exits(0)
end

return cases
