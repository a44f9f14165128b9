-- Secrets of a store whose driver is in Lua, used by other targets and found nowhere else.
local rig = require("rig")

local cases = {}

local function sh(w, command) return (rig.shell(w:fill(command))) end

-- Every file below the world's folder that holds the text, but for the secrets themselves.
local function find_in_all(w, text)
  w:file("form", text)
  local found = sh(w, "grep -rlaF -f @W@/form @W@ | grep -v -e /secrets/ -e '/form$' "
    .. "-e /state/process/")
  sh(w, "rm @W@/form")
  return found
end

-- Starts a Python program with a free port after its words, and gives the port.
local function serve(w, words)
  local port = sh(w, "python3 -c 'import socket; s = socket.socket(); "
    .. "s.bind((\"127.0.0.1\", 0)); print(s.getsockname()[1])'")
  local pid = sh(w, ("setsid python3 -B %s %s >/dev/null 2>&1 & echo $!"):format(words, port))
  w.jobs[#w.jobs + 1] = { pid = tonumber(pid) }
  rig.wait(function()
    return os.execute("bash -c ': </dev/tcp/127.0.0.1/" .. port .. "' 2>/dev/null") == 0
  end, words .. " to listen")
  return port
end

-- Writes the key of every request into a file.
local taker = [[
import http.server, sys
class Taker(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open("@W@/secrets/taken", "a") as file: file.write(self.headers["X-Key"] + "\n")
        self.send_response(204)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Taker).serve_forever()
]]

local value = "the-value-in-the-vault/9+Z"

local function with_key_vault(w, body)
  w:file("taker.py", taker)
  local source = os.getenv("PERILUNE_SOURCE") or "."
  local vault = serve(w, rig.quoted(source .. "/tests/services/doubles/key_vault.py"))
  local port = serve(w, w.folder .. "/taker.py")
  w:file("secrets/CLIENT", "client-token-of-the-test")
  w:file("secrets/NEW", value)
  sh(w, "chmod 700 @W@/secrets && chmod 600 @W@/secrets/*")
  w:environment(([[
kind: development
secrets: { provider: file, folder: @W@/secrets }
targets:
  secrets/vault:
    driver: key_vault
    url: "http://127.0.0.1:VAULT"
    login_url: "http://127.0.0.1:VAULT"
    tenant: directory-of-the-test
    client_id: app
    client_secret: "secret:CLIENT"
  http/app: { driver: http, url: "http://127.0.0.1:PORT" }
  storage/box: { driver: folder, path: ../box }
  process/local:
    driver: local
    programs:
      sh: { path: /bin/sh, arguments: any, effect: change, variables: [KEY] }
]]):gsub("VAULT", vault):gsub("PORT", port))
  w:book(([[return runbook { summary = "A vault", on_failure = "stop",
    targets = { ["secrets/vault"] = { "put", "delete" }, ["http/app"] = {},
      ["process/local"] = { "run" } }, run = function() %s end }]]):format(body))
end

function cases.a_value_of_a_store_whose_driver_is_in_lua_reaches_other_targets_and_nothing_else(w)
  with_key_vault(w, [[
    local vault = secrets("vault")
    vault:put { name = "key", value = secret("NEW") }
    local key = vault:read { name = "key" }
    local told = http("app"):get { path = "/", headers = { ["X-Key"] = "Bearer " .. key } }
    local ran = process("local"):run { program = "sh", environment = { KEY = key },
      arguments = { "-c", "printf %s \"$KEY\" >>@W@/secrets/taken; echo it is $KEY" } }
    log("It printed " .. ran.output)
    return { told.status, ran.output }
  ]])
  w:file("printed", w:run():exits(0):says("it is [secret "):says("[204,").all)
  w:equal("Bearer " .. value .. "\n" .. value, w:read("secrets/taken"), "what others were given")
  w:file("report", w:perilune("report case").all)
  w:file("shown", w:perilune("show case --records").all)
  w:equal("", find_in_all(w, value), "files that hold the value")
  -- Nor is the token of the sign-in anywhere.
  w:equal("", find_in_all(w, "token-of-the-test"), "files that hold the token")
end

function cases.what_a_lua_store_has_no_more_is_named(w)
  with_key_vault(w, [[
    local vault = secrets("vault")
    vault:put { name = "key", value = secret("NEW") }
    local key = vault:read { name = "key" }
    vault:delete { name = "key" }
    http("app"):get { path = "/", headers = { ["X-Key"] = key } }
  ]])
  w:run():exits(8):says("There is no secret key in secrets/vault")
  w:equal(nil, w:read("secrets/taken"), "what the other was given")
end

return cases
