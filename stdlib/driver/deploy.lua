-- What every driver of the deploy family does alike: waiting until a release serves and until all
-- is healthy; its changes are in driver.deploy_changes and driver.variables.
local calls = require "driver.calls"
local changes = require "driver.deploy_changes"
local errors = require "vocabulary.errors"
local http = require "driver.http"
local units = require "vocabulary.units"
local variables = require "driver.variables"

local M = {}

local poll_first_s, poll_most_s = 0.2, 5

local function raise(code, message, retry, detail)
  error(errors.make { code = code, message = message, retry = retry or "never", detail = detail,
    at = calls.position() }, 0)
end

-- Asks `probe` until it gives something; raises `late()` once the time is up.
local function wait(within_s, probe, late)
  local ends, pause_s = calls.now + within_s, poll_first_s
  while true do
    local found = probe()
    if found then return found end
    if calls.now + pause_s > ends then late() end
    calls.ask("sleep", { seconds = pause_s })
    pause_s = math.min(pause_s * 1.3, poll_most_s)
  end
end

-- Waits for a release. `judge(id, slot, call)` gives it as it is now, nil where there is none, and
-- why it will never serve where it will not.
local function wait_serving(judge, id, slot, within_s, call)
  local last
  return wait(within_s, function()
    local release, reason = judge(id, slot, call)
    if not release then
      raise("not_found", ("%s knows no release %s."):format(call.target, id))
    end
    last = release
    if release.state == "serving" then return release end
    if reason then
      raise("wrong_version", ("%s does not serve the release %s (%s): %s."):format(call.target, id,
        release.version, reason), "never", release)
    end
  end, function()
    raise("timed_out", ("The release %s of %s (%s) did not serve within %s: it is %s. Look at the "
      .. "provider's own log of it, or allow more time."):format(id, call.target, last.version,
      units.show_duration(within_s), last.state), "safe", last)
  end)
end

local function observe_serving(driver)
  return function(arguments, call)
    local id = arguments.release_id
    if not id then
      for _, release in ipairs(driver.operations.releases.observe(
        { slot = arguments.slot, limit = 100 }, call)) do
        if release.version == arguments.version then
          id = release.release_id
          break
        end
      end
      if not id then
        raise("not_found", ("%s knows no release of %s."):format(call.target, arguments.version))
      end
    end
    return wait_serving(driver.judge, id, arguments.slot, arguments.within, call)
  end
end

local function wait_healthy(status)
  return function(arguments, call)
    local since_s, app
    return wait(arguments.within, function()
      app = status({ slot = arguments.slot }, call)
      local wanted = math.max(1, arguments.instances or app.instances)
      if app.instances_healthy < wanted then
        since_s = nil
      else
        since_s = since_s or calls.now
        if calls.now - since_s >= arguments.healthy_for then return app end
      end
    end, function()
      raise("timed_out", ("%s was not healthy within %s: %d of %d instances are, and it is %s.")
        :format(call.target, units.show_duration(arguments.within), app.instances_healthy,
        arguments.instances or app.instances, app.state), "safe", app)
    end)
  end
end

-- A change of releases that waits where `within` is given.
local function waiting(driver, act)
  return function(arguments, before, call)
    local result, after = act(arguments, before, call)
    if arguments.within then
      local served = wait_serving(driver.judge, result.release_id, arguments.slot,
        arguments.within, call)
      for name, value in pairs(served) do result[name] = value end
    end
    return result, after
  end
end

---Completes a driver's operations. Its file gives `judge` besides them, `variables` where it has
---any, and the functions of driver.deploy_changes.
function M.complete_all(operations, driver)
  changes.add(operations, driver)
  if driver.variables then
    variables.add(operations, driver.variables, function(call)
      local made = driver.find(call) or driver.redeploy(driver.wanted(nil, call), nil, call)
      return made.release_id
    end)
  end
  operations.wait_healthy = operations.wait_healthy
    or { observe = wait_healthy(operations.status.observe) }
  if not driver.judge then return end
  operations.wait_serving = operations.wait_serving or { observe = observe_serving(driver) }
  for _, name in ipairs { "rollback", "promote" } do
    local operation = operations[name]
    if operation then operation.act = waiting(driver, operation.act) end
  end
end

-- Whether what is at this URL answers well; nothing to ask is well. It is asked once: what hangs is
-- not well, and who waits for it asks again.
local function healthy(url)
  if not url then return true end
  local answered, answer = pcall(http.get, { url = url, timeout = 5, once = true,
    accept = { 400, 401, 403, 404, 429, 500, 502, 503, 504 } })
  return answered and answer.status < 300
end

---Words for files of this family: `is_secret(value)`, `healthy(url)`.
M.words = { is_secret = variables.is_secret, healthy = healthy }

return M
