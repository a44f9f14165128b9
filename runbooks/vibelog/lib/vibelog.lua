-- What VibeLog is: its tables, its health part by part, its smoke tests, its features, its people.
local release = require "patterns.release"
local smoke = require "patterns.smoke"

local M = {}

---What may be lost.
M.rpo = { database = "15m", uploads = "1h" }

---The tables whose rows a restore is judged by.
M.tables = { "users", "vibelogs", "audit_logs" }

---What must be true of restored data.
M.truths = {
  ["every vibelog has its user"] =
    "select count(*) = 0 from vibelogs where user_id not in (select id from users)",
}

---At least so many vibelogs, and somebody who made them.
function M.least(vibelogs)
  return { users = { min = math.min(1, vibelogs) }, vibelogs = { min = vibelogs },
    audit_logs = { min = 0 } }
end

---The parts that the health endpoint must each have asked.
M.parts = { "database", "openai", "supabase", "disk", "memory" }

local function has(list, wanted)
  for _, one in ipairs(list or {}) do
    if one == wanted then return true end
  end
  return false
end

---What is wrong by the health endpoint, part by part: a list of texts, empty where nothing is.
---
---It answers 503 where any part fails, so its body is read then too: a provider of AI that is down
---is no failed region. An endpoint that does not name a part has not asked it, which is a failure
---as well. `except` is a list of parts that are not judged.
function M.problems(page, except)
  local asked, answer = pcall(function()
    -- Without a limit a refused connection is tried again for half a minute: a long check, not a
    -- better one.
    return page:get { path = "/api/health", expect = { 200, 503 }, timeout = "10s" }
  end)
  if not asked then return { "it does not answer: " .. answer.message } end
  local states, problems = {}, {}
  for _, one in ipairs(answer.json and answer.json.checks or {}) do
    states[one.service] = one.status
  end
  for _, part in ipairs(M.parts) do
    if not has(except, part) and states[part] ~= "healthy" then
      problems[#problems + 1] = ("%s is %s"):format(part, states[part] or "not asked")
    end
  end
  return problems
end

---What three checks in a row found wrong; empty where one of them passed: a lost packet is no
---failure. `except` as of `problems`.
function M.failed_checks(page, except)
  local problems
  for attempt = 1, 3 do
    problems = M.problems(page, except)
    if #problems == 0 then return {} end
    if attempt < 3 then sleep("10s") end
  end
  return problems
end

---Waits until the health endpoint says of every part that it is well.
function M.wait_healthy(page, within, except)
  local problems = {}
  wait_until("every part is healthy", { within = within, every = "5s" }, function()
    problems = M.problems(page, except)
    ensure(#problems == 0, "Not healthy: %s", table.concat(problems, "; "))
    return true
  end)
end

---Watches that no part fails for a while.
function M.stay_healthy(page, during, except)
  hold("every part stays healthy", { during = during, every = "10s" }, function()
    local problems = M.problems(page, except)
    if #problems > 0 then log("Not healthy: " .. table.concat(problems, "; ")) end
    return #problems == 0
  end)
end

---The smoke tests that need no browser; none of them changes anything.
function M.smoke(page, except)
  return smoke.run {
    { name = "the home page is VibeLog's", test = function()
      page:check { path = "/", contains = "VibeLog" }
    end },
    { name = "every part is healthy", test = function()
      ensure(function()
        local problems = M.problems(page, except)
        return ensure(#problems == 0, table.concat(problems, "; "))
      end, "Not every part is healthy.")
    end },
    { name = "the API of vibelogs does not fail", test = function()
      page:get { path = "/api/vibelogs", expect = { 200, 401, 403 } }
    end },
  }
end

---Two names lead to the application: the root, which must be addresses, and www.
function M.records(place)
  return { { name = "@", type = "A", values = place.addresses },
    { name = "www", type = "CNAME", value = place.host .. "." } }
end

---The features that can be switched off, each by a variable of the application.
M.features = {
  ai_content_generation = "FEATURE_AI_CONTENT_GENERATION",
  multi_platform_publishing = "FEATURE_MULTI_PLATFORM_PUBLISHING",
  advanced_editing = "FEATURE_ADVANCED_EDITING",
  team_collaboration = "FEATURE_TEAM_COLLABORATION",
}

---The application shows every key that begins so above every page while it is set. Each run has its
---own: what one says must not end what another one says.
M.banner_prefix = "banner:"

---Ends what an earlier run has opened, where it is open still: a channel is told only what is new.
function M.over(channel, key, text)
  local asked, found = pcall(function() return channel:status { key = key } end)
  if asked and found and found.state ~= "resolved" then
    channel:resolve { key = key, text = text }
  end
end

---Sets variables of the application and waits until a build with them serves and is healthy, all of
---it within that time: on Vercel a variable reaches new deployments only.
function M.apply(app, values, within)
  release.applied(app, app:set_env { values = values, apply = "now" }, within)
end

return M
