-- Back to the release before; where Railway cannot go back, a named commit is released instead.
local assume = require "patterns.assume"
local clinic = require "clinic"
local health = require "patterns.health"
local known = require "clinic_secrets"
local release = require "patterns.release"

-- What the instances have said since: how many lines tell of errors. The first five are shown.
local function count_errors(lines)
  local bad = {}
  for _, line in ipairs(lines) do
    if line.text:lower():find("error", 1, true) then bad[#bad + 1] = line.text end
  end
  log(("%d lines of the log since then, %d of them errors."):format(#lines, #bad))
  for place = 1, math.min(5, #bad) do log(bad[place]) end
  return #bad
end

return runbook {
  summary = "Go back to the release before, or to a named commit",
  targets = {
    ["deploy/app"] = { "rollback", "release", "set_env" },
    ["http/app"] = {},
    ["database/clinic"] = {},
    ["cache/redis"] = {},
    ["storage/audio"] = {},
    ["secrets/vault"] = {},
    ["notify/team"] = { "send" },
  },
  parameters = {
    commit = { type = "string", pattern = "^%x+$", min = 7, max = 40,
      help = "released instead, where going back fails" },
    reason = { type = "string", required = true, help = "why; everybody is told" },
    follow_for = { type = "duration", default = "2m", min = 60,
      help = "how long health and log are followed afterwards" },
  },
  locks = { "deploy/app" },

  run = function(params)
    local app, page, team = deploy("app"), http("app"), notify("team")
    local parts = { page = page, db = database("clinic"), redis = cache("redis"),
      audio = storage("audio") }
    local bad, before = app:status().version, app:previous_release()

    local said = ""
    local back, how = release.back(app, { fallback = params.commit, within = "10m",
      check = function()
        said = known.renew(app, secrets("vault"), before)
        clinic.wait_healthy(parts, "100s")
      end })
    clinic.smoke(page)
    local began = now()
    health.stay(clinic.endpoints(page), { during = params.follow_for, every = "10s",
      name = "it stays healthy" })
    local lines = app:logs({ since = began, lines_max = 500 }).lines
    local errors = #lines
    local is_better = assume.holds(function()
      errors = count_errors(lines)
      return errors <= clinic.errors_a_minute * params.follow_for / 60
    end, "Its log has too many errors.")
    team:send { severity = is_better and "warning" or "critical", title = "Rolled back",
      text = ("%s was %s to %s: %s. Its log has %d errors in %d s%s.%s"):format(tostring(bad), how,
        back.version, params.reason, errors, params.follow_for,
        is_better and "" or ", which is too many: it is no better", said) }
    return { from = bad, to = back.version, how = how, errors = errors }
  end,
}
