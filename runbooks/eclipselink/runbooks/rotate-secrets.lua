-- Which secrets are due; a new one of each, proved beside the old one; the old one retired.
--
-- Executed every day: a run ends the overlaps that are over, and begins the rotations that are due.
-- It may wait for people for hours, so the application is locked only by each rotation's own run.
local clinic = require "clinic"
local known = require "clinic_secrets"
local rotation = require "patterns.rotation"

-- What is due: names that rotate-secret takes, and secrets that nobody here knows how to rotate.
local function find_due(vault)
  local names, unknown, passwords = {}, {}, {}
  for _, one in ipairs(vault:due { rules = known.rules }) do
    local user = known.user_of(one.name)
    local list = user and passwords or (known.made[one.name] or known.issued[one.name]) and names
      or unknown
    list[#list + 1] = one.name
  end
  table.sort(names)
  -- The idle user's password is always the older one: only when both are old is one due.
  if #passwords == #known.users then names[#names + 1] = "database" end
  return names, unknown
end

-- A person makes a new key at the provider, which keeps the old one valid until it is revoked. One
-- that is there since an attempt before, and was not proved then, is taken again.
local function get_new_key(vault, name)
  local function is_new()
    local new, old = vault:describe { name = known.new_name(name) }, vault:describe { name = name }
    return new ~= nil and (old == nil or new.age_s < old.age_s)
  end
  if is_new() then return end
  manual(("Put a new %s into the vault"):format(name), {
    role = "release-manager", evidence = "text", within = "8h", verify = is_new,
    detail = ("Make a new key at %s, leave the old one valid, and store the new one in Key Vault "
      .. "as %s."):format(known.issued[name].at, known.new_name(name)) })
end

return runbook {
  summary = "Rotate the secrets that are due, and retire those whose overlap is over",
  targets = {
    ["secrets/vault"] = { "put" },
    ["secrets/maker"] = { "generate" },
    ["deploy/app"] = { "set_env" },
    ["database/clinic"] = { "set_password" },
    ["http/app"] = {},
    ["cache/redis"] = {},
    ["storage/audio"] = {},
    ["notify/team"] = { "send" },
  },
  parameters = {
    ask_first = { type = "boolean", default = true, help = "ask before anything is rotated" },
    project = { type = "string", required = true,
      help = "Supabase's name of the project, which users of its pooler carry" },
    address = { type = "string", required = true,
      help = "host, port, name and options of the database, as the application connects to it" },
  },
  locks = { "secrets/vault" },
  on_failure = "stop",

  run = function(params)
    local vault, app, team = secrets("vault"), deploy("app"), notify("team")
    local retired, rotated, problems = {}, {}, {}
    -- What works now stays, whatever becomes of the next one.
    local function attempt(name, list, work)
      local done, failure = try(work)
      if not done then problems[#problems + 1] = ("%s: %s"):format(name, failure.message) end
      list[#list + 1] = done and name or nil
    end
    local function rotate(name, retire)
      return run_runbook("rotate-secret", { name = name, retire = retire,
        project = params.project, address = params.address })
    end

    -- What is to be done is known before the first of it is done.
    local over = {}
    for _, name in ipairs(known.names(known.made)) do
      local how = known.made[name]
      if rotation.overlap_is_over(app, vault, { name = name, previous = how.previous,
        grace = how.grace }) then
        over[#over + 1] = name
      end
    end
    local due, unknown = find_due(vault)
    for _, name in ipairs(over) do
      attempt(name, retired, function() return rotate(name, true) end)
    end
    if #unknown > 0 then
      team:send { severity = "warning", title = "Secrets that nobody rotates",
        text = "They are due, and no runbook knows how: " .. table.concat(unknown, ", ") }
    end
    if #due == 0 then
      log("No secret is due that can be rotated here.")
    else
      approve("Rotate them?", { role = "release-manager", detail = table.concat(due, ", "),
        within = "8h", otherwise = "fail", when = function() return params.ask_first end })
    end
    for _, name in ipairs(due) do
      attempt(name, rotated, function()
        if known.issued[name] then get_new_key(vault, name) end
        return rotate(name, false)
      end)
    end
    if #rotated > 0 then
      clinic.smoke(http("app"))
      team:send { title = "Secrets rotated", text = table.concat(rotated, ", ") }
    end
    for _, name in ipairs(rotated) do
      local how = known.issued[name]
      if how then
        manual(("Revoke the old %s"):format(name), { role = "release-manager", evidence = "text",
          detail = ("Revoke the key from before at %s."):format(how.at) })
      end
    end
    ensure(#problems == 0, "%s", table.concat(problems, "\n"))
    return { rotated = rotated, retired = retired, unknown = unknown }
  end,

  ended = function(_, result)
    if result.outcome == "done" then return end
    notify("team"):send { severity = "critical", title = "Secrets were not all rotated",
      text = tostring(result.reason) }
  end,
}
