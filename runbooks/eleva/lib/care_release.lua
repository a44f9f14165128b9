-- Proving what serves: everything well, and smoke tests that change nothing.
local care = require "care"
local care_health = require "care_health"
local smoke = require "patterns.smoke"

local M = {}

---The smoke tests of the public site.
function M.smoke(site)
  return smoke.run {
    { name = "the page is there", test = function()
      site:check { path = "/", latency_max = care.latencies.page.alert }
    end },
    { name = "browsers are told to stay with HTTPS", test = function()
      local answer = site:get { path = "/" }
      return answer.headers["strict-transport-security"] ~= nil
    end },
    { name = "the API says that every service is well", test = function()
      local json = {}
      for _, name in ipairs(care.service_names) do
        json[("services.%s.status"):format(name)] = "healthy"
      end
      site:check { path = care.combined, json = json, latency_max = care.latencies.api.alert }
    end },
  }
end

---Waits until the release `made` serves, in place of `before`. Since a rollback, and where the
---project says so, Vercel gives no new release the domains by itself: then it is promoted.
function M.see_it_serve(app, made, before, within)
  local serves, why = try(function()
    app:wait_serving { release_id = made.release_id, within = within }
  end)
  if serves then return end
  if why.code ~= "wrong_version" or app:status().release_id ~= before.release_id then
    error(why, 0)
  end
  log(("The release does not serve by itself (%s), so it is promoted."):format(why.message))
  app:promote { release_id = made.release_id }
  app:wait_serving { release_id = made.release_id, within = within }
end

---Promotes the release back that served before. `made` is the one that is not to serve, if any;
---`builds` is where it may be cancelled.
function M.promote_back(app, builds, before, made)
  -- One that is still being built would take the domains when it is; most are built already.
  if made then try(function() builds:cancel_release { release_id = made.release_id } end) end
  app:promote { release_id = before.release_id }
  app:wait_serving { release_id = before.release_id, within = "5m" }
end

---Waits until everything is well, then executes the smoke tests.
function M.prove(parts, within)
  care_health.wait(parts, within)
  M.smoke(parts.site)
end

return M
