-- A library with one small drill: a service of one file, killed, and a runbook that starts it.
local rig = require("rig")
local library = require("testing_library")

local M = {}

-- A service of one file: it answers over HTTP while it lives.
M.site = [[
#!/usr/bin/python3 -IB
import http.server, json, os, socket, sys
place = (os.environ["SERVICE_ADDRESS"], int(os.environ["SERVICE_PORT"]))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"served")
    def log_message(self, *_): pass
if sys.argv[1] == "facts":
    print(json.dumps({"token": "canary-7531", "secrets": ["token"]}))
elif sys.argv[1] == "run":
    http.server.ThreadingHTTPServer(place, Handler).serve_forever()
elif sys.argv[1] == "ready":
    with socket.socket() as asked:
        sys.exit(1 if asked.connect_ex(place) else 0)
]]

M.environment = [[
kind: drill
services:
  site: { kind: site, colour: blue }
targets:
  http/site: { driver: http, url: "http://{services.site.address}:{services.site.port}" }
  storage/box: { driver: folder, path: "{services.site.folder}/box" }
  notify/log: { driver: webhook, url: "http://127.0.0.1:9/", secret: "{services.site.token}" }
]]

M.recover = [[
return runbook {
  summary = "Start the site again",
  objectives = { rto = "20s", rpo = "10s" },
  targets = { ["process/services"] = { "start" }, ["http/site"] = {}, ["storage/box"] = { "put" } },
  run = function()
    step("Look", function() sleep("300ms") end)
    step("Start", function()
      process("services"):start { key = "site", program = "site", arguments = { "run" } }
    end)
    http("site"):wait_ok { path = "/", within = "10s", every = "100ms" }
    ASK
  end,
}
]]

M.drill = [[
return drill {
  runbook = "recover", environment = "drill",
  probe = { url = "http://{services.site.address}:{services.site.port}/", every = "100ms" },
  disaster = function(on) on.service("site"):kill() DISASTER end,
  MORE
}
]]

---A library with one drill; `with` replaces pieces of it.
function M.drilled(w, with)
  with = with or {}
  w:file("library/services/site", M.site)
  rig.shell("chmod +x " .. rig.quoted(w.folder .. "/library/services/site"))
  w:file("library/environments/drill.yaml", with.environment or M.environment)
  local ask = with.ask or ""
  w:file("library/runbooks/recover.lua", (M.recover:gsub("ASK", function() return ask end)))
  w:file("library/drills/site_down.lua", (M.drill:gsub("DISASTER", function()
    return with.disaster or ""
  end):gsub("MORE", function() return with.more or "" end)))
end

---Executes the drill; gives its evidence.
function M.drill_it(w, code, more)
  return library.told(w:perilune("drill site-down --json " .. (more or ""), 90):exits(code))
end

---The runbook as it is when it hangs.
function M.never_ends(w)
  w:file("library/runbooks/recover.lua",
    (M.recover:gsub("ASK", ""):gsub('sleep%("300ms"%)', 'sleep("1h")')))
end

---How many services of the case run.
function M.alive(w)
  local found = rig.shell("pgrep -f " .. rig.quoted(w.folder .. "/library/service[s]/site"))
  return select(2, found:gsub("%d+", ""))
end

function M.none_lives(w)
  w:equal(0, M.alive(w), "Services that are left")
end

return M
