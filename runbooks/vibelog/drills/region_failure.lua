-- The whole region is gone at once, while users are in it.
local drill_site = require "drill_site"
local drilling = require "drilling"

return drill {
  runbook = "region-failure", environment = "drill",
  simulated = drill_site.simulated {
    ["notify/status"] = drill_site.of_statuspage,
    ["deploy/web-backup"] = drill_site.of_aws .. "ECS's tasks are processes of this machine",
    ["dns/site"] = drill_site.of_aws .. "BIND answers what Route 53's API has",
  },
  prepare = function(on)
    drill_site.fill(on)
    drill_site.release(on)
    local backup = on.deploy("web-backup")
    backup:scale { instances = 1 }
    backup:wait_healthy { within = "30s" }
  end,
  disaster = function(on) on.service("web"):kill() end,
  parameters = function(on)
    return { mode = "automatic", addresses = { on.service("web-backup").address } }
  end,
  probe = { url = "http://www.vibelog.example:{services.web.port}/", resolve = "dns/site",
    contains = "VibeLog" },
  mark = { target = "database/main", name = "database" },
  guard = { outage = "3m" },
  check = function(on)
    drill_site.ensure_told(on, "region-failure")
    ensure(drill_site.ensure_shown(on, "website", "operational") == 1,
      "The status page must have shown one incident.")
    local server, port = on.service("names").server:match("^(.*):(%d+)$")
    for _, name in ipairs { "www.vibelog.example", "vibelog.example" } do
      local found = drilling.client(on, "dig", { "+short", "@" .. server, "-p", port, name,
        "A" })
      ensure(found:find(on.service("web-backup").address, 1, true),
        "dig finds %s at %s.", name, found)
    end
    local page = drill_site.curl(on, "web-backup", "/api/vibelogs")
    ensure(page:find("\"vibelogs\": 40", 1, true), "curl gets %s from the backup region.", page)
    ensure(drill_site.count(on, "select count(*) from vibelogs") == "40",
      "psql must find 40 vibelogs.")
    local told = drilling.ask_boto(on, "aws", "us-west-2", "ecs", "describe_services",
      { cluster = "vibelog-backup", services = { "vibelog-web" } }).services[1]
    ensure(told.desiredCount == 3 and told.runningCount == 3, "boto3 is told that %d of %d run.",
      told.runningCount, told.desiredCount)
    drilling.ensure_described(on, "aws")
  end,
}
