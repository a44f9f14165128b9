-- Once a month: a branch of Neon made of a past moment, its data proved, the branch removed again.
local care = require "care"
local options = require "patterns.options"
local restore = require "patterns.restore"

-- How far back one can go: the provider's history; where it keeps none, the oldest backup.
local function window_of(platform)
  local told, window = try(function() return platform:restore_window() end)
  if told and window then return window end
  if not told and window.code ~= "not_supported" then error(window, 0) end
  local oldest = now()
  for _, one in ipairs(platform:list_backups {}) do
    if one.state == "complete" then oldest = math.min(oldest, one.at) end
  end
  return { from_at = oldest, to_at = now() }
end

-- Looks at what only the run knows: a plan assumes that it finds nothing wrong.
local function check_window(window, oldest, at, params)
  if window.from_at > oldest + duration("1h") then
    options.fail("short_history", ("Neon keeps only what was there since %s; %d days are promised. "
      .. "Raise the project's history retention."):format(date("%Y-%m-%d %H:%M UTC",
      window.from_at), params.kept_for / duration("1d")), "never")
  end
  if at < window.from_at or at > window.to_at then
    options.fail("outside_window", ("%s is outside of what Neon keeps: %s to %s."):format(
      date("%Y-%m-%d %H:%M UTC", at), date("%Y-%m-%d %H:%M UTC", window.from_at),
      date("%Y-%m-%d %H:%M UTC", window.to_at)), "never")
  end
  return true
end

-- The moment to show: the one that was asked for, else one by chance, another every month.
local function choose(window, params)
  local oldest = now() - params.kept_for
  -- Not at either edge: the window moves on while the branch is made.
  local from_at = math.floor(math.max(window.from_at, oldest) + duration("1h"))
  local to_at = math.floor(window.to_at - duration("1m"))
  local at = params.at and math.floor(params.at) or random(from_at, math.max(from_at, to_at))
  ensure(function() return check_window(window, oldest, at, params) end,
    "Neon keeps less than was promised, or not the moment")
  return at
end

-- Rows, truths and the ledger: the branch must be production as it was at that moment.
local function prove(copy, production, at, params)
  local counts = {}
  for _, name in ipairs(care.tables) do counts[name] = { min = params.least_rows } end
  local rows = restore.verify(copy, { integrity = "none", counts = counts,
    queries = care.truths(at) })
  step("Compare the ledger with production", function()
    local found, expected = care.ledger_rows(copy, at), care.ledger_rows(production, at)
    ensure(function() return found == expected end, "%s had %d rows at %s and the copy has %d.",
      care.ledger, expected, date("%Y-%m-%d %H:%M UTC", at), found)
  end)
  return rows
end

return runbook {
  summary = "Restore a past moment into a branch of its own, prove the data, remove the branch",
  objectives = { rto = "1h" },
  targets = {
    ["database/care"] = {},
    ["database/platform"] = {},
    ["database/restore-test"] = { "clone", "drop" },
    ["notify/team"] = { "send" },
  },
  parameters = {
    at = { type = "time", help = "the moment; otherwise one by chance" },
    kept_for = { type = "duration", default = "30d",
      help = "how far back every moment must be there" },
    least_rows = { type = "integer", default = 1, min = 0,
      help = "a copy with fewer rows in a table is no good" },
  },
  locks = { "database/restore-test" },
  on_failure = "stop",

  run = function(params)
    local production, platform = database("care"), database("platform")
    local copy, team = database("restore-test"), notify("team")
    local at = choose(window_of(platform), params)

    -- The lock says that no other test is reading it.
    step("Remove what an earlier test has left", { undo = false }, function() copy:drop() end)
    local began = now()
    local proved, rows, took_s, shows_at = try(function()
      local made = step("Restore into a branch of its own", { timeout = "4h" }, function()
        local cloned = copy:clone { from = platform, at = at }
        copy:wait_ready { within = "10m" }
        return cloned
      end)
      local seconds = now() - began
      return prove(copy, production, made.data_until_at, params), seconds, made.data_until_at
    end)
    -- Whatever became of it, the branch does not stay: it holds patients' data, and costs.
    step("Remove the branch", { retries = 3, undo = false }, function() copy:drop() end)
    if not proved then
      care.tell(team, { severity = "critical", title = "Restore test failed",
        text = rows.message })
      error(rows, 0)
    end
    local record = { at = at, shows_at = shows_at, took_s = took_s, rows = rows, passed = true }
    care.tell(team, { title = "Restore test passed",
      text = ("%s was restored in %.0f s: %s"):format(date("%Y-%m-%d %H:%M UTC", shows_at), took_s,
        json.encode(rows)) })
    return record
  end,
}
