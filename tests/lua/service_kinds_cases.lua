-- The services of runbooks/common, started by a drill, used by a runbook, and asked by clients.
local rig = require("rig")
local told = require("testing_library").told
local cases = {}

local environment = [[
kind: drill
services:
  primary: { kind: postgres }
  blue: { kind: web, database: primary }
  green: { kind: web, database: primary }
  front: { kind: front, upstreams: { blue: blue, green: green } }
  watcher: { kind: prometheus, targets: { web: [blue, green] }, rules: { down: "up == 0" } }
  slack: { kind: double, of: slack }
  mail: { kind: smtp }
  vault: { kind: vault, values: { HOOK: [slack, hook] } }
targets:
  http/shop: { driver: http, url: "{services.front.url}" }
  metrics/shop:
    { driver: prometheus, url: "{services.watcher.url}", queries: { up: "sum(up)" } }
  notify/team: { driver: slack, url: "secret:HOOK" }
  notify/mail:
    driver: smtp
    server: "{services.mail.url}"
    from: shop@shop.example
    to: [team@shop.example]
    tls: none
  process/front:
    driver: local
    programs:
      switch: { path: "{services.front.switch}", arguments: [blue, green] }
      active: { path: "{services.front.switch}", effect: observe }
      grep: { path: /usr/bin/grep, arguments: any, effect: observe }
      curl: { path: /usr/bin/curl, arguments: any, effect: observe }
secrets: { provider: file, folder: "{services.vault.values}" }
]]

local go_green = [[
return runbook {
  summary = "Blue is dead: green serves",
  objectives = { rto = "30s" },
  targets = { ["process/front"] = { "run" }, ["http/shop"] = {}, ["metrics/shop"] = {},
    ["notify/team"] = { "send" }, ["notify/mail"] = { "send" } },
  run = function()
    process("front"):run { program = "switch", arguments = { "green" } }
    http("shop"):wait_ok { path = "/health", within = "10s", every = "200ms" }
    for _, name in ipairs { "team", "mail" } do notify(name):send { text = "Green serves" } end
    wait_until("Prometheus has seen it", { within = "20s", every = "300ms" }, function()
      return metrics("shop"):alarms {}[1].state == "firing"
        and metrics("shop"):read { name = "up" }.value == 1
    end)
  end,
}
]]

local blue_dies = [[
return drill {
  runbook = "go-green", environment = "drill",
  probe = { url = "http://{services.front.address}:{services.front.port}/health" },
  disaster = function(on) on.service("blue"):kill() end,
  notice = "500ms",
  simulated = { "Slack" },
  check = function(on)
    local front = on.process("front")
    local function output(program, ...)
      return front:inspect { program = program, arguments = { ... } }.output
    end
    ensure(output("active") == "green\n", "What serves: " .. output("active"))
    local account = json.decode(output("curl", "-sS", on.service("slack").account))
    ensure(#account.violations == 0, "Slack was asked wrongly.")
    ensure(account.changes == 1, "Slack has got %d messages.", account.changes)
    local mail = output("grep", "-c", "Green serves", on.service("mail").inbox .. "/1.eml")
    ensure(mail ~= "0\n", "The mail must say it.")
  end,
}
]]

function cases.each_kind_of_the_common_services_serves_and_leaves_nothing_behind(w)
  local source = os.getenv("PERILUNE_SOURCE") or "."
  rig.shell(("ln -s $(realpath %s)/runbooks/common %s/common"):format(rig.quoted(source),
    rig.quoted(w.folder)))
  w:file("library/perilune.yaml", "name: shop\nversion: 1.0.0\n"
    .. "dependencies: [{ name: common, path: ../common, version: \"1.0\" }]\n")
  w:file("library/environments/drill.yaml", environment)
  w:file("library/runbooks/go-green.lua", go_green)
  w:file("library/drills/blue_dies.lua", blue_dies)
  local seen = told(w:perilune("drill blue-dies --json", 110):exits(0))
  w:equal("passed", seen.result, "The result")
  w:equal(true, seen.rto.bad > 0, "The front had nobody behind it")
  local _, code = rig.shell("pgrep -f " .. rig.quoted(w.folder .. "/state/drills/[^ ]*/services"))
  w:equal(1, code, "What pgrep says of services that are left")
end

return cases
