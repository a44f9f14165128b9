-- Secrets: opened in the host only, and found in nothing that leaves it (K01, K06, K08).
local rig = require("rig")

local cases = {}

local canary = "kV7-canary/9+Zq pW&3"

local environment = [[
kind: development
secrets: { provider: file, folder: @W@/secrets }
targets:
  storage/box: { driver: folder, path: ../box }
  storage/other: { driver: folder, path: ../other }
  notify/log: { driver: file, path: ../notices.jsonl }
  process/local:
    driver: local
    programs:
      leak:
        path: /bin/sh
        arguments: any
        effect: change
        environment: { CANARY: "secret:CANARY" }
]]

local function sh(w, command) return (rig.shell(w:fill(command))) end

local function hex(text)
  return (text:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

local function percent(text)
  return (text:gsub("[^%w%-%._~]", function(c) return ("%%%02X"):format(c:byte()) end))
end

-- The canary's middle as base64 behind 0, 1 and 2 other bytes.
local function base64(w, text, before)
  w:file("plain", ("x"):rep(before) .. text)
  local encoded = sh(w, "base64 -w0 <@W@/plain")
  sh(w, "rm @W@/plain")
  return encoded:sub(before == 0 and 1 or 5, -5)
end

local function prepare(w)
  w:file("secrets/CANARY", canary)
  sh(w, "chmod 700 @W@/secrets && chmod 600 @W@/secrets/CANARY")
  w:environment(environment)
end

-- Every file below the world's folder but the secret itself. What a program printed is kept as it
-- was printed, for its owner alone, in the state folder's process/ (docs/operating.md says so).
local function find_in_all(w, form)
  w:file("form", form)
  local found = sh(w, "grep -rlaF -f @W@/form @W@ | grep -v -e /secrets/ -e '/form$' "
    .. "-e /state/process/")
  sh(w, "rm @W@/form")
  return found
end

function cases.a_canary_is_found_in_nothing_that_leaves_the_host(w)
  prepare(w)
  w:body [[
    local key = secret("CANARY")
    log("The key is " .. tostring(key), { note = key })
    step("Leak", function()
      process("local"):run { program = "leak", arguments = { "-c",
        "echo raw $CANARY; printf %s \"$CANARY\" | base64; printf x%s \"$CANARY\" | base64; "
        .. "printf xx%s \"$CANARY\" | base64; printf %s \"$CANARY\" | od -An -tx1 | tr -d ' \\n';"
        .. "echo err $CANARY >&2" } }
    end)
    local failed, err = try(function()
      process("local"):run { program = "leak", arguments = { "-c", "echo $CANARY; exit 3" } }
    end)
    storage("box"):put { key = "error.txt", body = tostring(err.message) }
    notify("log"):send { text = "leaked: " .. tostring(err.message) }
    error("It ends with " .. tostring(err.message))
  ]]
  local ended = w:run()
  w:file("printed", ended.all)
  for _, format in ipairs { "text", "markdown", "html", "json" } do
    w:file("report." .. format, w:perilune("report case --format " .. format).all)
  end
  w:file("shown", w:perilune("show case --records").all)
  local forms = { raw = canary, hex = hex(canary), url = percent(canary) }
  for before = 0, 2 do forms["base64 at " .. before] = base64(w, canary, before) end
  for name, form in pairs(forms) do
    local found = find_in_all(w, form)
    if found ~= "" then error("The canary stands as " .. name .. " in " .. found) end
  end
  ended:says("[secret CANARY]")
end

-- The host that reads what it printed is not the one that had opened the secret.
function cases.what_a_program_printed_while_no_host_lived_is_masked(w)
  prepare(w)
  w:body [[
    local ended = process("local"):run { program = "leak", arguments = { "-c",
      "echo begun >@W@/begun; while [ ! -e @W@/go ]; do sleep 0.02; done; echo raw $CANARY" } }
    return ended.output
  ]]
  local job = w:start()
  rig.wait(function() return w:read("begun") end, "the program")
  job:kill("KILL")
  w:file("go", "")
  w:file("printed", w:resume():exits(0):says("raw [secret CANARY]").all)
  local found = find_in_all(w, canary)
  if found ~= "" then error("The canary stands in " .. found) end
end

function cases.what_a_started_program_printed_is_masked_whichever_host_reads_it(w)
  prepare(w)
  w:body [[
    process("local"):start { key = "teller", program = "leak",
      arguments = { "-c", "echo raw $CANARY" } }
    process("local"):wait_ended { key = "teller", within = "10s" }
    approve("Read it?")
    local lines = process("local"):output { key = "teller" }.lines
    return lines[1].text .. process("local"):wait_ended { key = "teller", within = "10s" }.output
  ]]
  w:run():exits(3)
  w:tell("approve"):exits(0)
  w:file("printed", w:resume():exits(0):says("raw [secret CANARY]").all)
  local found = find_in_all(w, canary)
  if found ~= "" then error("The canary stands in " .. found) end
end

function cases.a_missing_secret_is_told_before_anything_starts(w)
  prepare(w)
  sh(w, "rm @W@/secrets/CANARY")
  w:body [[ storage("box"):put { key = "a", body = "b" } ]]
  w:run():exits(4):says("CANARY")
  if w:read("box/a") then error("Something was done without the secret.") end
end

function cases.a_secret_readable_by_others_is_refused(w)
  prepare(w)
  sh(w, "chmod 644 @W@/secrets/CANARY")
  w:body [[ storage("box"):put { key = "a", body = "b" } ]]
  w:run():exits(4):says("chmod")
end

-- An environment with two stores of secrets as targets and none of its own.
local stores = [[
kind: development
targets:
  storage/box: { driver: folder, path: ../box }
  storage/other: { driver: folder, path: ../other }
  notify/log: { driver: file, path: ../notices.jsonl }
  secrets/vault: { driver: file_store, folder: ../vault }
  secrets/pass: { driver: command, command: [/bin/sh, "-c", "echo given-to-{name}"], names: [door] }
  process/local:
    driver: local
    programs:
      sh: { path: /bin/sh, arguments: any, effect: change, variables: [KEY] }
]]

local function with_stores(w, body)
  w:environment(stores)
  w:book(([[return runbook { summary = "Stores", targets = {
    ["secrets/vault"] = { "generate", "put" }, ["secrets/pass"] = {},
    ["process/local"] = { "run" }, ["storage/box"] = { "put" } },
    run = function() %s end }]]):format(body))
end

local use = [[
    local function use(key)
      process("local"):run { program = "sh", environment = { KEY = key },
        arguments = { "-c", "printf %s \"$KEY\" >>@W@/used; echo >>@W@/used; echo out $KEY" } }
    end
]]

function cases.a_handle_that_a_store_gave_is_opened_by_that_stores_driver(w)
  with_stores(w, use .. [[
    secrets("vault"):generate { name = "db", length = 20, stage = "current" }
    use(secrets("vault"):read { name = "db" })
    use(secrets("pass"):read { name = "door" })
  ]])
  local ended = w:run():exits(0)
  local made, given = (w:read("used") or ""):match("^(%S+)\n(%S+)\n$")
  w:equal(40, #(made or ""), "the length of the generated secret, two letters a byte")
  w:equal("given-to-door", given, "what the command printed")
  w:file("printed", ended.all)
  for _, value in ipairs { made, given } do
    local found = sh(w, "grep -rlaF -e '" .. value .. "' @W@ | grep -v -e /vault/ -e /used "
      .. "-e /library/ -e /state/process/")
    w:equal("", found, "files that hold the value")
  end
  ended:says("[secret db]"):says("[secret door]")
end

function cases.a_handle_of_a_store_is_opened_after_a_resume_and_in_its_own_version(w)
  with_stores(w, use .. [[
    local vault = secrets("vault")
    vault:put { name = "db", value = secrets("pass"):read { name = "door" } }
    local first = vault:read { name = "db", version = "1" }
    vault:generate { name = "db", length = 30, stage = "current" }
    approve("Go on?")
    use(first)
    use(vault:read { name = "db" })
  ]])
  w:run():exits(3)
  w:tell("approve")
  w:resume():exits(0)
  local first, now = (w:read("used") or ""):match("^(%S+)\n(%S+)\n$")
  w:equal("given-to-door", first, "the first version")
  w:equal(60, #(now or ""), "the length of the present one")
end

function cases.a_store_that_has_not_the_secret_is_named(w)
  with_stores(w, use .. [[ local key = secrets("vault"):read { name = "none" }
    ensure(key == nil, "no handle of what is not there") ]])
  w:run():exits(0)
  with_stores(w, use .. [[
    secrets("vault"):generate { name = "db", length = 20, stage = "current" }
    local key = secrets("vault"):read { name = "db" }
    process("local"):run { program = "sh", arguments = { "-c", "rm -r @W@/vault/*" } }
    use(key)
  ]])
  os.execute("rm -rf '" .. w.folder .. "/state'")
  w:run():exits(3):says("db")
end

return cases
