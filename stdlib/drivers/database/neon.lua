-- Neon's control plane: one branch's snapshots, its history, and going back in it.

local kept_prefix = "perilune-previous-"
local bad_ends = { failed = true, error = true, cancelled = true }
local unfinished = { scheduling = true, running = true, cancelling = true }

local request = api.of {
  name = "Neon",
  request = function(call) return { bearer = call.settings.token } end,
  -- 423 says that another operation goes on; nothing was executed then.
  why = function(told, status) return told.code ~= "" and told.code or nil, told.message, nil,
    status == 423 end,
}

local function ask(call, method, path, more, codes)
  return request(call, method, "/api/v2/projects/" .. call.settings.project .. path, more, codes)
end

local function branch_path(call, word)
  return "/branches/" .. call.settings.branch .. (word or "")
end

local function stamp(at) return date(nil, at) end

-- Waits until all these operations have ended well. One that failed is told by its own words.
local function finish(call, operations, what)
  for _, operation in ipairs(operations or {}) do
    local ended = poll({ every = 0.5, growth = 1.5, every_max = 10, within = math.huge,
      tell = call.target .. ": " .. what .. " goes on", taken = ("%s: Neon took the %s, which had "
      .. "not ended when time was up."):format(call.target, what) }, function()
      local one = ask(call, "get", "/operations/" .. operation.id).operation
      return not unfinished[one.status] and one
    end)
    if bad_ends[ended.status] then
      fail { code = "provider_failed", retry = "never", message = ("%s: Neon's operation %s (%s) "
        .. "of the %s ended as %s: %s"):format(call.target, ended.id, ended.action, what,
        ended.status, ended.error or "without a reason") }
    end
  end
end

local function read_write(call)
  for _, one in ipairs(ask(call, "get", branch_path(call, "/endpoints")).endpoints) do
    if one.type == "read_write" then return one end
  end
end

-- A compute that is idle starts with the first connection.
local function status(_, call)
  local branch, endpoint = ask(call, "get", branch_path(call)).branch, read_write(call)
  local project = ask(call, "get", "").project
  local reachable = branch.current_state == "ready" and not branch.pending_state
    and endpoint ~= nil and not endpoint.disabled and endpoint.current_state ~= "init"
  return { reachable = reachable, writable = reachable, role = "primary",
    version = tostring(project.pg_version), size_bytes = branch.logical_size }
end

local function wait_ready(arguments, call)
  local ready = poll({ every = 0.5, growth = 1.5, every_max = 10, within = arguments.within },
    function()
      local found = status(nil, call)
      return found.reachable and found
    end)
  if ready then return ready end
  fail { code = "timed_out", retry = "safe", message = ("%s: the branch %s was not ready in time.")
    :format(call.target, call.settings.branch) }
end

local function branches_of(call)
  return http.pages(function(cursor)
    local told = ask(call, "get", "/branches", { query = { limit = 100, cursor = cursor } })
    local following = (told.pagination or {}).next
    return told.branches, following ~= "" and following or nil
  end)
end

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
  local found = {}
  for _, one in ipairs(ask(call, "get", "/snapshots").snapshots) do
    local own = one.source_branch_id == call.settings.branch
    if own then found[#found + 1] = snapshot_backup(one) end
  end
  for _, one in ipairs(branches_of(call)) do
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
  for _, one in ipairs(branches_of(call)) do
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
    return { state = { until_at = until_at }, plan = call.settings.branch .. " as it was at "
      .. stamp(until_at) }
  end,
  act = function(arguments, before, call)
    local began_at = now()
    local taken = part("restore", function()
      if kept_branch(call) then return {} end
      return { operations = ask(call, "post", branch_path(call, "/restore"), { json = {
        source_branch_id = arguments.backup or call.settings.branch,
        source_timestamp = arguments.at and stamp(arguments.at),
        preserve_under_name = kept_name(call) } }).operations }
    end)
    finish(call, taken.operations, "restore")
    wait_ready({ within = math.huge }, call)
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
    if not status(nil, call).reachable then
      return "cannot_tell", "the restore was taken, and the branch is not ready yet"
    end
    return "happened", restored(arguments, call.sent_at or now(), before.until_at, call)
  end,
  restore = function(_, _, result)
    if result.previous then return "restore", { backup = result.previous.id } end
  end,
}

return {
  family = "database",
  name = "neon",
  doc = "Neon's control plane, for one branch: snapshots, and going back to a moment of its "
    .. "history. SQL goes to a target of the driver postgres. What a restore replaces stays as a "
    .. "branch until delete_backup: Neon ends it at no time of its own.",
  hosts = { "{url}" },
  lacks = { "query", "counts", "digests", "verify", "check_integrity", "pending_migrations",
    "verify_backup", "execute", "migrate", "backup" },
  settings = {
    { name = "project", identity = true, doc = "The project's id." },
    { name = "branch", identity = true, doc = "The branch's id, br-…." },
    { name = "token", secret = true, doc = "An API key." },
    { name = "url", default = "https://console.neon.tech", doc = "Where the API is." },
  },
  operations = {
    status = { observe = status }, wait_ready = { observe = wait_ready },
    list_backups = { observe = list_backups }, restore_window = { observe = restore_window },
    snapshot = snapshot, delete_backup = delete_backup, restore = restore,
  },
}
