-- Neon: one branch's snapshots, its history and going back in it; a branch made of another's past,
-- and what SQL says of either.

local kept_prefix = "perilune-previous-"
local ask, finish, branch_path, stamp = neon.ask, neon.finish, neon.path, neon.stamp

local function kept_backup(branch)
  return { id = branch.id, kind = "snapshot", state = "complete", key = branch.name,
    at = time(branch.created_at), size_bytes = branch.logical_size }
end

local function snapshot_backup(one)
  return { id = one.id, kind = "snapshot", state = "complete", key = one.name,
    at = time(one.timestamp or one.created_at), size_bytes = one.full_size,
    keep_until_at = time(one.expires_at) }
end

-- Snapshots of this branch, and what restores have kept.
local function backups_of(call)
  local found, id = {}, neon.id(call)
  for _, one in ipairs(ask(call, "get", "/snapshots").snapshots) do
    local own = one.source_branch_id == id
    if own then found[#found + 1] = snapshot_backup(one) end
  end
  for _, one in ipairs(neon.branches(call)) do
    if one.name:sub(1, #kept_prefix) == kept_prefix then found[#found + 1] = kept_backup(one) end
  end
  table.sort(found, function(one, other)
    if one.at ~= other.at then return one.at > other.at end
    return one.id < other.id
  end)
  return found
end

local function list_backups(arguments, call)
  local found = {}
  for _, one in ipairs(backups_of(call)) do
    local fits = (not arguments.kind or one.kind == arguments.kind)
      and (not arguments.before or one.at < arguments.before)
    if fits and #found < arguments.limit then found[#found + 1] = one end
  end
  return found
end

local function restore_window(_, call)
  local project, branch = ask(call, "get", "").project, ask(call, "get", branch_path(call)).branch
  return { from_at = math.max(now() - project.history_retention_seconds, time(branch.created_at)),
    to_at = now() }
end

local function named_snapshot(call, name)
  for _, one in ipairs(backups_of(call)) do
    if one.key == name then return one end
  end
end

local function with_changed(backup)
  backup.changed = true
  return backup
end

local snapshot = {
  before = function(arguments, call)
    if not named_snapshot(call, arguments.name) then return { sign = "+" } end
    fail { code = "already_exists", message = ("%s: there is a snapshot \"%s\" already."):format(
      call.target, arguments.name) }
  end,
  act = function(arguments, _, call)
    local expires_at = arguments.keep and stamp(math.ceil(now() + arguments.keep))
    local made = part("snapshot", function()
      local there = named_snapshot(call, arguments.name)
      if there then return { backup = there } end
      local told = ask(call, "post", branch_path(call, "/snapshot"), { query = {
        name = arguments.name, expires_at = expires_at or nil } })
      return { backup = snapshot_backup(told.snapshot), operations = told.operations }
    end)
    finish(call, made.operations, "snapshot")
    return with_changed(made.backup)
  end,
  look = function(arguments, _, call)
    local there = named_snapshot(call, arguments.name)
    if there then return "happened", with_changed(there) end
    return "did_not", "there is no snapshot " .. arguments.name
  end,
}

local delete_backup = {
  before = function(arguments, call)
    for _, one in ipairs(backups_of(call)) do
      if one.id == arguments.backup then return { sign = "-" } end
    end
    return { already_so = true, result = { changed = false } }
  end,
  act = function(arguments, _, call)
    local kind = arguments.backup:find("^br%-") and "/branches/" or "/snapshots/"
    local told = ask(call, "delete", kind .. arguments.backup, nil, { [404] = false })
    finish(call, told and told.operations, "deletion")
    return { changed = true }
  end,
}

local function kept_name(call) return kept_prefix .. call.key end

local function kept_branch(call)
  for _, one in ipairs(neon.branches(call, kept_name(call))) do
    if one.name == kept_name(call) then return one end
  end
end

-- The moment that the data shows once it is restored.
local function shown_at(arguments, call)
  if arguments.at then return arguments.at end
  for _, one in ipairs(backups_of(call)) do
    if one.id == arguments.backup then return one.at end
  end
end

local function restored(arguments, began_at, until_at, call)
  local kept = kept_branch(call)
  return { changed = true, data_until_at = until_at, moved_endpoint = false,
    took_s = math.max(0, now() - began_at),
    previous = kept and arguments.keep_previous > 0 and kept_backup(kept) or nil }
end

-- The branch keeps its id, its computes and its address: clients stay where they are.
local restore = {
  before = function(arguments, call)
    local until_at = shown_at(arguments, call)
    if arguments.from or until_at and arguments.backup and not arguments.backup:find("^br%-") then
      fail { code = "not_supported", message = ("%s: Neon restores a snapshot as another branch, "
        .. "and nothing from elsewhere. Name a moment (`at`) of the restore window, or what an "
        .. "earlier restore kept."):format(call.target) }
    elseif not until_at then
      fail { code = "not_found", message = ("%s: there is no backup %s."):format(call.target,
        arguments.backup) }
    end
    -- Undo asks again, and may not find what it found before: that would say that nothing is left.
    return { state = { until_at = until_at, looked_at = now() },
      plan = call.settings.branch .. " as it was at " .. stamp(until_at) }
  end,
  act = function(arguments, before, call)
    local began_at = now()
    local taken = part("restore", function()
      if kept_branch(call) then return {} end
      return { operations = ask(call, "post", branch_path(call, "/restore"), { json = {
        source_branch_id = arguments.backup or neon.id(call),
        source_timestamp = arguments.at and stamp(arguments.at),
        preserve_under_name = kept_name(call) } }).operations }
    end)
    finish(call, taken.operations, "restore")
    neon.wait_ready({ within = math.huge }, call)
    local result = restored(arguments, began_at, before.until_at, call)
    if arguments.keep_previous == 0 then
      part("forget", function()
        local kept = kept_branch(call)
        if kept then ask(call, "delete", "/branches/" .. kept.id) end
        return true
      end)
    end
    return result
  end,
  -- What was there is kept under the change's own name from the moment that the restore was taken.
  look = function(arguments, before, call)
    if not kept_branch(call) then return "did_not", "there is no branch " .. kept_name(call) end
    if not neon.status(nil, call).reachable then
      return "cannot_tell", "the restore was taken, and the branch is not ready yet"
    end
    return "happened", restored(arguments, call.sent_at or now(), before.until_at, call)
  end,
  restore = function(_, _, result)
    if result.previous then return "restore", { backup = result.previous.id } end
  end,
}

local operations = sql_checks.operations(neon.rows)
operations.status, operations.wait_ready = { observe = neon.status }, { observe = neon.wait_ready }
operations.list_backups = { observe = list_backups }
operations.restore_window = { observe = restore_window }
operations.snapshot, operations.delete_backup, operations.restore = snapshot, delete_backup, restore
operations.clone, operations.drop = neon_clones.clone, neon_clones.drop

return {
  family = "database",
  name = "neon",
  doc = "A branch of Neon: snapshots, and going back to a moment of its history. What a restore "
    .. "replaces stays as a branch until delete_backup: Neon ends it at no time of its own. A "
    .. "branch that is disposable is made of a moment of its parent's history by clone. Where "
    .. "sql_url is set, Neon answers SQL that reads; other SQL goes to a target of the driver "
    .. "postgres.",
  hosts = { "{url}", "{sql_url}" },
  lacks = { "digests", "check_integrity", "pending_migrations", "verify_backup", "execute",
    "migrate", "backup" },
  settings = {
    { name = "project", identity = true, doc = "The project's id." },
    { name = "branch", identity = true, doc = "The branch's id, br-…, or its name: one that is "
      .. "made by clone has another id every time." },
    { name = "token", secret = true, doc = "An API key." },
    { name = "url", default = "https://console.neon.tech", doc = "Where the API is." },
    { name = "sql_url", optional = true,
      doc = "Where SQL over HTTP is: https://api.REGION.aws.neon.tech." },
    { name = "database", optional = true, doc = "The database within it that SQL is asked of." },
    { name = "role", optional = true, doc = "Who asks it." },
    { name = "parent", optional = true, doc = "The id of the branch that clone makes it of." },
    { name = "parent_target", optional = true,
      doc = "The target that is that branch: clone takes no other." },
    { name = "disposable", type = "boolean", optional = true,
      doc = "Whether clone and drop may throw its data away." },
  },
  doctor = { checks = { "the key and the branch (status)" },
    cannot = { "whether the key may change the branch: Neon tells it only by a refusal" } },
  operations = operations,
}
