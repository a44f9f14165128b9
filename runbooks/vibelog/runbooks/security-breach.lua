-- Somebody got in: every secret replaced and the old ones ended, monitoring raised, everybody out.
--
-- Nothing of it is taken back by undo: what has leaked must never be valid again.
local incident = require "patterns.incident"
local known = require "vibelog_secrets"
local rotation = require "patterns.rotation"
local vibelog = require "vibelog"

-- Who is connected, and what the application is given: seen before anything is changed.
local function keep_evidence(db, app, store)
  local seen = { at = now(), run = run.id, release = app:status().release_id,
    sessions = db:sessions {}, variables = app:get_env {} }
  local key = date("incidents/security-breach-%Y%m%d-%H%M%S.json")
  step("Keep evidence", { undo = false }, function()
    store:put { key = key, body = json.encode(seen), content_type = "application/json",
      only_if = "absent" }
  end)
  return key
end

-- All at once, since several people can work on it: each key that is older than the breach.
local function have_issued(vault, since)
  local function is_new(one)
    local info = vault:describe { name = one.name }
    return info ~= nil and info.changed_at >= since
  end
  local work = {}
  for _, one in ipairs(known.issued) do
    work[one.name] = function()
      manual("Put a new key of " .. one.name .. " into the vault", { role = "on-call",
        evidence = "text", detail = ("Make one at %s and store it as %s. Leave the old one valid "
          .. "until you are asked to revoke it."):format(one.at, one.name),
        when = function() return not is_new(one) end, verify = function() return is_new(one) end })
    end
  end
  parallel(work)
end

-- The user who is not in use comes first, so that the application can change over to it.
local function users_in_order(vault)
  local changed = {}
  for place, one in ipairs(known.users) do
    local info = vault:describe { name = one.secret }
    changed[place] = info and info.changed_at or 0
  end
  if changed[2] < changed[1] then return known.users[2], known.users[1] end
  return known.users[1], known.users[2]
end

local function new_password(db, vault, maker, one)
  local made = rotation.make(vault, { name = one.secret, maker = maker, kind = "password",
    length = 40 })
  step("Give " .. one.user .. " a new password", { undo = false }, function()
    db:set_password { user = one.user, password = made.value }
  end)
  return made
end

-- As the application will, before it must: a build whose address is refused cannot be undone.
local function try_to_sign_in(ways, password)
  step("Sign in with the new password", { undo = false }, function()
    for _, way in pairs(ways) do
      local url = ("postgresql://%s@%s"):format(way[1], way[2])
      process("clients"):run { program = "sign-in", environment = { PGPASSWORD = password },
        arguments = { "-X", "-c", "select 1", "-d", url } }
    end
  end)
end

-- Where the backup region's tasks find each secret when they begin. ECS shows variables to whoever
-- may read its task definitions, so it is given no values.
local function places(kept_at)
  local found = { SECURITY_MODE = "enhanced" }
  for _, one in ipairs(known.made) do found[one.variable] = kept_at .. one.name end
  for _, one in ipairs(known.issued) do found[one.variable] = kept_at .. one.name end
  for variable, name in pairs(known.addresses) do found[variable] = kept_at .. name end
  return found
end

local function renew_backup(backup, kept_at)
  local runs = backup:status().instances > 0
  local changed = backup:set_env { values = places(kept_at), apply = "now" }
  if not runs then return end
  -- What runs goes on with what it read when it began.
  local made = changed.release_id and changed or backup:redeploy {}
  backup:wait_serving { release_id = made.release_id, within = "10m" }
  backup:wait_healthy { within = "10m" }
end

return runbook {
  summary = "Replace every secret, raise monitoring, sign everybody out",
  objectives = { rto = "4h" },
  targets = {
    ["secrets/vault"] = { "put" },
    ["secrets/maker"] = { "generate" },
    ["deploy/web"] = { "set_env" },
    ["deploy/web-backup"] = { "set_env", "redeploy" },
    ["database/main"] = { "set_password", "end_sessions" },
    ["process/clients"] = { "run" },
    ["cache/redis"] = { "flush_sessions" },
    ["storage/backups"] = { "put" },
    ["http/site"] = {},
    ["notify/oncall"] = { "open", "update", "resolve" },
    ["notify/team"] = { "open", "update", "resolve" },
    ["notify/leadership"] = { "open", "update", "resolve" },
  },
  parameters = {
    since = { type = "time", required = true,
      help = "when somebody got in: secrets that were replaced later are left alone" },
    address = { type = "string", required = true,
      help = "host, port and name of the database, as the application connects to it" },
    direct_address = { type = "string", required = true,
      help = "the same for migrations, past the pooler" },
    pooler_user = { type = "string", required = true, pattern = "%%s",
      help = "what a user is called at `address`: %s is the user's own name" },
    kept_at = { type = "string", required = true, pattern = "^arn:aws[%w-]*:.*secret:",
      help = "the ARN of the vault's secrets where the backup region reads them, up to the name" },
  },
  locks = { "secrets/vault", "deploy/web", "deploy/web-backup" },

  run = function(params)
    local vault, maker, db = secrets("vault"), secrets("maker"), database("main")
    local app, backup, redis = deploy("web"), deploy("web-backup"), cache("redis")
    -- Not on the status page: who got in need not know that we know.
    local report = incident.begin { key = "security-breach", severity = "critical",
      summary = "Somebody got into VibeLog",
      channels = { { at = notify("oncall") }, { at = notify("team") },
        { at = notify("leadership") } } }
    local evidence = keep_evidence(db, app, storage("backups"))
    approve("Replace every secret?", { role = "incident-commander",
      detail = "All users must sign in again. The old values end; undo does not bring them back." })

    have_issued(vault, params.since)
    local idle, used = users_in_order(vault)
    local settled, values = {}, { SECURITY_MODE = "enhanced" }
    for _, one in ipairs(known.made) do
      local made = rotation.make(vault, { name = one.name, maker = maker, length = one.length })
      settled[#settled + 1], values[one.variable] = made, made.value
    end
    for _, one in ipairs(known.issued) do values[one.variable] = vault:read { name = one.name } end
    local password = new_password(db, vault, maker, idle)
    settled[#settled + 1] = password
    local ways = { DATABASE_URL = { params.pooler_user:format(idle.user), params.address },
      DIRECT_URL = { idle.user, params.direct_address } }
    try_to_sign_in(ways, password.value)
    for variable, way in pairs(ways) do
      values[variable] = "postgresql://" .. way[1] .. ":" .. password.value .. "@" .. way[2]
    end

    -- One build for all of them: on Vercel each costs minutes, in which the old values go on.
    step("Let the application use the new secrets", { timeout = "30m", undo = false }, function()
      vibelog.apply(app, values, "15m")
      vibelog.wait_healthy(http("site"), "5m")
    end)
    for _, made in ipairs(settled) do rotation.settle(vault, made) end
    step("Keep the new addresses", { undo = false }, function()
      for variable, name in pairs(known.addresses) do
        vault:put { name = name, value = values[variable] }
      end
    end)
    step("Let the backup region use them", { timeout = "25m", undo = false }, function()
      renew_backup(backup, params.kept_at)
    end)
    incident.tell(report, { state = "identified",
      text = "VibeLog uses new secrets, and watches itself more closely." })

    rotation.settle(vault, new_password(db, vault, maker, used))
    step("End the old user's connections", { undo = false }, function()
      db:end_sessions { user = used.user }
    end)
    manual("Revoke the old keys", { role = "on-call", evidence = "text",
      detail = "Revoke the keys from before at each provider, and say what you revoked." })
    manual("Replace what the runbooks sign in with", { role = "incident-commander",
      evidence = "text", detail = known.ours .. ": new tokens, and the old ones revoked." })

    -- Last: a session that was begun with an old secret would outlive a flush before.
    local flushed = step("Sign everybody out", { undo = false }, function()
      return redis:flush_sessions {}.deleted
    end)
    vibelog.smoke(http("site"))
    incident.finish(report, { text = ("Every secret is replaced; %d sessions were ended."):format(
      flushed) })
    step("Keep the post-mortem", { undo = false }, function()
      storage("backups"):put { key = evidence:gsub("json$", "md"), content_type = "text/markdown",
        body = incident.post_mortem(report, { outage_began = params.since, actions = {
          "Decide whom the law makes us tell, and by when", "Set SECURITY_MODE back" } }) }
    end)
    return { evidence = evidence, sessions = flushed, timeline = report.timeline }
  end,
}
