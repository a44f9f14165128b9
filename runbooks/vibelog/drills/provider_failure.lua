-- OpenAI is gone; users want their recordings transcribed.
local drill_site = require "drill_site"
local drilling = require "drilling"

return drill {
  runbook = "provider-failure", environment = "drill",
  simulated = drill_site.simulated {
    ["notify/oncall"] = "a double of PagerDuty, which is not asked where all goes well",
    ["notify/status"] = drill_site.of_statuspage,
    ["http/openai"] = "a small server instead of OpenAI: it says that it is there",
    ["http/anthropic"] = "a small server instead of Anthropic: it says that it is there",
  },
  prepare = function(on)
    drill_site.fill(on)
    drill_site.release(on, { AI_PROVIDER = "openai" })
  end,
  disaster = function(on) on.service("openai"):kill() end,
  probe = { url = "http://www.vibelog.example:{services.web.port}/api/transcribe",
    resolve = "dns/site",
    contains = "transcribed_by" },
  mark = { target = "database/main", name = "database" },
  guard = { outage = "3m" },
  check = function(on)
    ensure(drilling.state_of(on, "team").messages[1].text:find("AI provider", 1, true),
      "Slack must have the change of provider.")
    drill_site.ensure_shown(on, "ai", "degraded_performance")
    local answer = drill_site.curl(on, "web", "/api/transcribe")
    ensure(answer:find("anthropic", 1, true), "curl is told: %s", answer)
    -- And back again, once OpenAI is well.
    on.service("openai"):start()
    local back = run_runbook("provider-failure", { calm = "2s" })
    ensure(back.provider == "openai", "Back again it must be OpenAI, and is %s.", back.provider)
    answer = drill_site.curl(on, "web", "/api/transcribe")
    ensure(answer:find("openai", 1, true), "After going back curl is told: %s", answer)
    drill_site.ensure_shown(on, "ai", "operational")
    drilling.ensure_described(on, "team", "vercel")
    ensure(#drilling.state_of(on, "oncall").incidents == 0, "Nobody is to be paged.")
  end,
}
