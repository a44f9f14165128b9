-- What only people can do of the weekly and monthly lists, with their evidence.
--
-- A run of its own: it waits for people, and a list that a program works through is not to wait.
local care_points = require "care_points"
local checklist = require "patterns.checklist"

local function weekly(on)
  local points = care_points.rooms(on.db, on.redis, "by_person")
  points[#points + 1] = { name = "Dependencies are up to date", evidence = "url",
    ask = "Merge the pull requests that update dependencies; give the last one's address." }
  points[#points + 1] = { name = "Security alerts were reviewed", judge = checklist.unless_no,
    ask = "Look through GitHub's security alerts; say how many are left, and why. Begin with no "
      .. "where that was not done." }
  return points
end

local function monthly()
  return {
    { name = "Documentation was reviewed", evidence = "url",
      ask = "Read the infrastructure documents and mend them; give the pull request's address." },
    { name = "Access was audited", role = "incident-commander", judge = checklist.unless_no,
      ask = "Compare who can enter Vercel, Neon, Upstash, Stripe, Clerk, Novu, Better Stack, "
        .. "PostHog and GitHub with who should; say who was removed. Begin with no where that "
        .. "was not done." },
    { name = "Performance was reviewed", judge = checklist.unless_no,
      ask = "Look at the month's p95 of API, pages and database; say what is done about them. "
        .. "Begin with no where that was not done." },
  }
end

return runbook {
  summary = "Ask people for the points of the weekly and monthly lists that only they can do",
  targets = {
    ["database/care"] = {},
    ["cache/redis"] = {},
    ["notify/team"] = { "send" },
  },
  parameters = {
    what = { type = "string", enum = { "due", "weekly", "monthly" }, default = "due",
      help = "which list; due: by the day" },
    within = { type = "duration", default = "8h",
      help = "how long one point may wait for somebody" },
  },
  locks = { "review/eleva" },
  on_failure = "stop",

  run = function(params)
    local on = { db = database("care"), redis = cache("redis") }
    local points = care_points.due({ weekly = function() return weekly(on) end,
      monthly = monthly }, params.what, run.started_at)
    for _, point in ipairs(points) do point.within = params.within end
    return care_points.work(notify("team"), "Review", points)
  end,
}
