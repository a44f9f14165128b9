-- A bad statement drops the users' data while they use it.
local drill_site = require "drill_site"
local drilling = require "drilling"

return drill {
  runbook = "database-corruption", environment = "drill",
  simulated = drill_site.simulated {
    ["notify/status"] = drill_site.of_statuspage,
    ["database/platform"] = "not asked: nobody here goes back to a moment as Supabase does, so a "
      .. "dump is restored (source=dump)",
  },
  prepare = function(on)
    drill_site.fill(on)
    drill_site.release(on)
  end,
  -- While marks are written: the dump has some, and what came behind it is what is lost.
  before = function(on)
    on.database("main"):backup { to = storage("backups"), key = "daily.db.zst" }
    sleep("3s")
  end,
  disaster = function(on)
    -- Users see that their vibelogs are gone: the application fails, and takes no more of them.
    on.database("main"):execute { sql = "drop table vibelogs, perilune_mark" }
  end,
  parameters = function(on) return { bad_at = drilling.disaster_at(on), least_vibelogs = 40 } end,
  answers = { ["Go back?"] = { answer = "approve", after = "1s", by = "tech-lead" } },
  probe = { url = "http://www.vibelog.example:{services.web.port}/api/vibelogs",
    resolve = "dns/site",
    contains = "\"vibelogs\": 40" },
  mark = { target = "database/main", name = "database" },
  guard = { outage = "3m" },
  check = function(on)
    drill_site.ensure_told(on, "database-corruption")
    ensure(drill_site.ensure_shown(on, "database", "operational") == 1,
      "The status page must have shown one incident.")
    local answer = drill_site.curl(on, "web", "/api/vibelogs")
    ensure(answer:find("\"vibelogs\": 40", 1, true), "curl is told: %s", answer)
    ensure(drill_site.count(on, "select count(*) from vibelogs join users on users.id = user_id")
      == "40", "psql must find 40 vibelogs with their users.")
    ensure(not drilling.state_of(on, "vercel").project.paused,
      "Vercel must not be paused.")
    ensure(#drilling.client(on, "rclone", { "lsf", "s3:vibelog-backups", "--recursive" }) > 0,
      "rclone must find the dump that was restored.")
  end,
}
