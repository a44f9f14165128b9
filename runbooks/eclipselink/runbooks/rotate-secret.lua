-- One secret: a new value, tried by the application, then the current one of the vault.
--
-- rotate-secrets executes it for what is due. It asks nobody: while it runs, no recovery may.
local clinic = require "clinic"
local known = require "clinic_secrets"
local rotation = require "patterns.rotation"

-- JWT secrets: made by us, both valid until `grace` has passed.
local function rotate_made(app, vault, name, check)
  local how = known.made[name]
  local made = rotation.make(vault, { name = name, maker = secrets("maker"), length = how.length })
  rotation.adopt(app, made, { variable = how.variable, previous = how.previous, check = check })
  rotation.settle(vault, made)
end

-- Where an undo would give the application what is, or soon will be, valid nowhere.
local function stays()
  error("The old one is not valid any more, or soon will not be: rotate it again instead.", 0)
end

-- API keys: the new one is beside the old one in the vault, and takes its name once it is proved.
local function rotate_issued(app, vault, name, check)
  local new = wait_until("the new one is in the vault", { within = "5s" }, function()
    return ensure(vault:describe { name = known.new_name(name) }, "The vault has no %s.",
      known.new_name(name))
  end)
  local old = vault:describe { name = name }
  local made = { name = name, from_maker = true,
    value = vault:read { name = new.name, version = new.version },
    old = old and vault:read { name = name, version = old.version } }
  rotation.adopt(app, made, { variable = known.issued[name].variable, check = check })
  step("Give the new key its name", { undo = stays }, function() rotation.settle(vault, made) end)
end

-- The user that is not in use gets a new password and becomes the one that is; then the other's is
-- changed too, to one that nobody knows. The vault has the whole URL of each.
local function rotate_password(app, vault, params, check)
  local db = database("clinic")
  local used, idle = known.used_and_idle(vault)
  local made = rotation.make(vault, { name = idle.secret, maker = secrets("maker"), length = 20 })
  step("Give the idle user the new password", function()
    db:set_password { user = idle.user, password = made.value }
  end)
  local today = vault:describe { name = used.secret }
  local adopted = { name = idle.secret, from_maker = true,
    value = "postgresql://" .. idle.user .. "." .. params.project .. ":" .. made.value .. "@"
      .. params.address,
    old = today and vault:read { name = used.secret, version = today.version } }
  rotation.adopt(app, adopted, { variable = known.database_variable, check = check })
  rotation.settle(vault, adopted)
  local nobodys = rotation.make(vault, { name = used.secret, maker = secrets("maker"),
    length = 20 })
  step("Take the old password away", { undo = stays }, function()
    db:set_password { user = used.user, password = nobodys.value }
  end)
end

return runbook {
  summary = "Rotate one secret, or end the overlap of one",
  targets = {
    ["secrets/vault"] = { "put" },
    ["secrets/maker"] = { "generate" },
    ["deploy/app"] = { "set_env" },
    ["database/clinic"] = { "set_password" },
    ["http/app"] = {},
    ["cache/redis"] = {},
    ["storage/audio"] = {},
  },
  parameters = {
    name = { type = "string", required = true, enum = known.all(),
      help = "of the secret in the vault; database: the password of the application's user" },
    retire = { type = "boolean", default = false,
      help = "only make the application forget the value before" },
    project = { type = "string", required = true, help = "as of rotate-secrets" },
    address = { type = "string", required = true, help = "as of rotate-secrets" },
  },
  locks = { "deploy/app" },
  on_failure = "stop",

  run = function(params)
    local vault, app, name = secrets("vault"), deploy("app"), params.name
    local parts = { page = http("app"), db = database("clinic"), redis = cache("redis"),
      audio = storage("audio") }
    local function check() clinic.wait_healthy(parts, "100s") end
    if params.retire then
      -- Key Vault cannot retire a version; that no application takes it any more is what counts.
      return rotation.retire(app, vault, { name = name, previous = known.made[name].previous,
        check = check, in_store = false })
    end
    if known.made[name] then return rotate_made(app, vault, name, check) end
    if known.issued[name] then return rotate_issued(app, vault, name, check) end
    rotate_password(app, vault, params, check)
  end,

  refuse = function(params)
    if params.retire and not known.made[params.name] then
      return params.name .. " has no overlap that could be ended."
    end
  end,
}
