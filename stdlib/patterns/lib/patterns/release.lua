-- One release from acceptance to proof, and the way back: to the release before, or to a version.
local options = require "patterns.options"

local M = {}

local release_shape = {
  version = { "text", required = true }, slot = { "text" }, env = { "table" },
  message = { "text" }, within = { "duration", default = "10m" },
  check = { "function" }, name = { "text", default = "Release and prove it" },
  promote = { "boolean", default = false },
}

-- After a rollback some providers (Vercel) give the names to no new release by themselves.
local function wait_serving(app, read, release)
  local function wait()
    app:wait_serving { release_id = release.release_id, slot = read.slot, within = read.within }
  end
  local served, failure = pcall(wait)
  if served then return end
  if not read.promote or failure.code ~= "wrong_version" then error(failure, 0) end
  log("It was built and does not serve, so it is promoted: " .. failure.message)
  app:promote { release_id = release.release_id }
  wait()
end

---Releases a version, waits until it serves and is healthy, and executes `check(release)`.
---
---Where any of that fails, the release is undone (the one before serves again) and the failure is
---raised as it was. Options: version (required), slot, env, message, within = 10 m (for serving),
---check, name (of the step), promote = false (true: what was built and does not serve is promoted,
---which needs that change in the runbook's targets).
---@return table release As of deploy:release.
function M.go(app, given)
  options.target(app, "deploy", "release.go")
  local read = options.read(given, release_shape, "release.go")
  return step(read.name, { on_failure = "undo" }, function()
    local release = app:release { version = read.version, slot = read.slot, env = read.env,
      message = read.message }
    wait_serving(app, read, release)
    app:wait_healthy { slot = read.slot, within = read.within }
    if read.check then read.check(release) end
    return release
  end)
end

---Waits until what `changed` tells of serves and is healthy, all of it within that time. `changed`
---is what set_env or unset_env gave for apply = "now": where nothing differed, nothing is built.
function M.applied(app, changed, within)
  options.target(app, "deploy", "release.applied")
  local ends_at = now() + duration(within)
  local function left() return math.max(10, ends_at - now()) end
  wait_until("it serves with what it was given", { within = within }, function()
    if changed.release_id then
      app:wait_serving { release_id = changed.release_id, within = left() }
    end
    return true
  end)
  app:wait_healthy { within = left() }
end

local back_shape = {
  release_id = { "text" }, fallback = { "text" }, slot = { "text" },
  within = { "duration", default = "5m" }, check = { "function" },
}

local function prove(app, read, release)
  app:wait_serving { release_id = release.release_id, slot = read.slot, within = read.within }
  app:wait_healthy { slot = read.slot, within = read.within }
  if read.check then read.check(release) end
  return release
end

---Goes back to the release before (or `release_id`) and proves that it serves. Where that fails and
---`fallback` names a version, that version is released instead.
---
---Going back is meant to stay: undoing the run does not bring the bad release back. Options:
---release_id, fallback, slot, within = 5 m, check(release).
---@return table release, string how "rolled back" or "released anew"
function M.back(app, given)
  options.target(app, "deploy", "release.back")
  local read = options.read(given, back_shape, "release.back")
  if not read.fallback then
    return step("Roll back", { undo = false }, function()
      return prove(app, read, app:rollback { release_id = read.release_id, slot = read.slot })
    end), "rolled back"
  end
  local went, release = try(step, "Roll back", { undo = false }, function()
    return prove(app, read, app:rollback { release_id = read.release_id, slot = read.slot })
  end)
  if went then return release, "rolled back" end
  log(("The rollback failed (%s), so %s is released anew."):format(release.message, read.fallback))
  return step("Release the last good version", { undo = false }, function()
    return prove(app, read, app:release { version = read.fallback, slot = read.slot })
  end), "released anew"
end

return M
