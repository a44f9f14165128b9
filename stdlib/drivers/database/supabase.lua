-- Supabase's management API, for one project's database: backups, restore points, and going back.

local states = { COMPLETED = "complete", ARCHIVED = "complete", PENDING = "running",
  FAILED = "failed", CANCELLED = "failed", AVAILABLE = "complete" }
local log_rows_max, log_span_s = 1000, 24 * 3600
local log_sql = "select postgres_logs.timestamp, event_message, parsed.error_severity "
  .. "from postgres_logs cross join unnest(metadata) as metadata "
  .. "cross join unnest(metadata.parsed) as parsed order by timestamp desc limit " .. log_rows_max
local broken = { RESTORE_FAILED = true, INIT_FAILED = true, REMOVED = true, PAUSE_FAILED = true }
local point_prefix = "point "

local request = api.of {
  name = "Supabase",
  request = function(call) return { bearer = call.settings.token } end,
  why = function(told, status) return nil, told.message, status == 403 end,
}

local function ask(call, method, path, more, codes)
  return request(call, method, "/v1/projects/" .. call.settings.project .. path, more, codes)
end

-- The project's status is about all its services; the database has one of its own.
local function status(_, call)
  local project = ask(call, "get", "")
  local reachable = project.status == "ACTIVE_HEALTHY"
  if reachable then
    local health = ask(call, "get", "/health", { query = { services = "db" } })
    reachable = health[1] ~= nil and health[1].status == "ACTIVE_HEALTHY"
  end
  return { reachable = reachable, writable = reachable, role = "primary",
    version = project.database.version }, project.status
end

local function wait_ready(arguments, call)
  local last
  local ready = poll({ every = 1, growth = 1.5, every_max = 15, within = arguments.within },
    function()
      local found
      found, last = status(nil, call)
      return found.reachable and found
    end)
  if ready then return ready end
  fail { code = "timed_out", retry = "safe", message = ("%s: the project was not ready in time; "
    .. "its status is %s."):format(call.target, last) }
end

local function backups_of(call) return ask(call, "get", "/database/backups") end

local function list_backups(arguments, call)
  local found = {}
  for _, one in ipairs(backups_of(call).backups) do
    if states[one.status] then
      local at = one.inserted_at
      found[#found + 1] = { id = tostring(one.id), kind = "snapshot", state = states[one.status],
        at = time(at) or time(at .. "Z") }
    end
  end
  table.sort(found, function(one, other) return one.at > other.at end)
  local shown = {}
  for _, one in ipairs(found) do
    local fits = (not arguments.kind or arguments.kind == one.kind)
      and (not arguments.before or one.at < arguments.before)
    if fits and #shown < arguments.limit then shown[#shown + 1] = one end
  end
  return shown
end

local function restore_window(_, call)
  local told = backups_of(call)
  local physical = told.physical_backup_data or {}
  if not told.pitr_enabled or not physical.earliest_physical_backup_date_unix then return nil end
  return { from_at = physical.earliest_physical_backup_date_unix,
    to_at = physical.latest_physical_backup_date_unix }
end

-- The server's log, which Supabase keeps beside the database: it is there while that is down. One
-- question gives the newest rows of a day at most (Management API, "Gets project's logs").
local function logs(arguments, call)
  local to = arguments.to or now()
  if to - arguments.since > log_span_s then
    fail { code = "not_supported", message = call.target .. ": Supabase tells of 24 hours of its "
      .. "log at once, and no more: ask for less." }
  end
  local told = ask(call, "get", "/analytics/endpoints/logs.all", { query = { sql = log_sql,
    iso_timestamp_start = date(nil, arguments.since), iso_timestamp_end = date(nil, to) } })
  if not told.result then
    fail { code = "provider_failed", retry = "safe", message = ("%s: Supabase gave no log: %s")
      :format(call.target, json.encode(told.error)) }
  end
  local lines, truncated = {}, #told.result == log_rows_max
  for _, row in ipairs(told.result) do
    local text = ("%s:  %s"):format(row.error_severity or "LOG", row.event_message)
    if not arguments.contains or text:find(arguments.contains, 1, true) then
      if #lines == arguments.lines_max then
        truncated = true
        break
      end
      -- Newest first there, oldest first here; times are in microseconds.
      table.insert(lines, 1, { at = row.timestamp / 1e6, text = text, source = "postgres" })
    end
  end
  return { lines = lines, truncated = truncated }
end

-- A restore point by its name; nil where none was made.
local function point_of(call, name)
  local point = ask(call, "get", "/database/backups/restore-point", { query = { name = name } },
    { [404] = false })
  return point and point.status ~= "REMOVED" and point or nil
end

local function point_backup(point, changed)
  return { id = point_prefix .. point.name, key = point.name, kind = "snapshot",
    state = states[point.status], at = time(point.completed_on) or now(), changed = changed }
end

-- Makes a restore point, once, and waits until it can be used.
local function make_point(call, name)
  part("restore point", function()
    if not point_of(call, name) then
      ask(call, "post", "/database/backups/restore-point", { json = { name = name } })
    end
    return true
  end)
  local point = poll({ every = 1, growth = 1.5, every_max = 10, within = math.huge, taken = ("%s: "
    .. "the restore point %s was not ready when time was up."):format(call.target, name) },
    function()
      local found = point_of(call, name)
      return found and found.status ~= "PENDING" and found
    end)
  if point.status == "AVAILABLE" then return point end
  fail { code = "provider_failed", message = ("%s: Supabase made no restore point %s: it is %s.")
    :format(call.target, name, point.status) }
end

local snapshot = {
  before = function(arguments, call)
    if #arguments.name > 20 or arguments.keep then
      fail { code = "not_supported", message = call.target .. ": Supabase's restore points have "
        .. "names of 20 bytes at most, and no time of their own: leave keep out." }
    elseif point_of(call, arguments.name) then
      fail { code = "already_exists", message = ("%s: there is a restore point \"%s\" already.")
        :format(call.target, arguments.name) }
    end
    return { sign = "+" }
  end,
  act = function(arguments, _, call)
    return point_backup(make_point(call, arguments.name), true)
  end,
  look = function(arguments, _, call)
    local point = point_of(call, arguments.name)
    if not point then return "did_not", "there is no restore point " .. arguments.name end
    if point.status == "AVAILABLE" then return "happened", point_backup(point, true) end
    return "cannot_tell", "the restore point is " .. point.status
  end,
}

local function kept_name(call) return "p" .. call.key:sub(1, 19) end

-- The request that goes back, and the moment that the data shows then.
local function way_back(arguments, call)
  if arguments.at then
    return "restore-pitr", { recovery_time_target_unix = math.floor(arguments.at) }, arguments.at
  end
  local name = arguments.backup:match("^" .. point_prefix .. "(.+)$")
  local point = name and point_of(call, name)
  if point then return "undo", { name = name }, time(point.completed_on) or now() end
  for _, one in ipairs(list_backups({ limit = math.huge }, call)) do
    if one.id == arguments.backup and one.state == "complete" then
      return "restore", { id = tonumber(one.id) }, one.at
    end
  end
  fail { code = "not_found", message = ("%s: there is no complete backup %s."):format(call.target,
    arguments.backup) }
end

-- That it was taken is seen by its beginning: before it, the project looks well, as it does after.
local function wait_restored(call)
  local what = call.target .. ": the restore "
  local begun = poll({ every = 0.5, within = call.settings.begins_within }, function()
    return ask(call, "get", "").status ~= "ACTIVE_HEALTHY"
  end)
  if not begun then
    fail { code = "timed_out", retry = "unknown", message = what .. "was taken, but the project "
      .. "does not show that it began. Look at its dashboard." }
  end
  local ended = poll({ every = 1, growth = 1.5, every_max = 15, within = math.huge, tell = what
    .. "goes on", taken = what .. "had not ended when time was up." }, function()
    local found, word = status(nil, call)
    return (found.reachable or broken[word]) and word
  end)
  if not broken[ended] then return end
  fail { code = "provider_failed", retry = "never", message = what .. "ended as " .. ended
    .. ". Only Supabase's support can mend that." }
end

local restore = {
  before = function(arguments, call)
    if arguments.from then
      fail { code = "not_supported", message = call.target .. ": Supabase restores its own backups "
        .. "only: leave from out." }
    end
    local _, _, until_at = way_back(arguments, call)
    -- Undo asks again, and may not find what it found before: that would say that nothing is left.
    return { state = { until_at = until_at, looked_at = now() },
      plan = "the project as it was at " .. date("%Y-%m-%d %H:%M:%S UTC", until_at) }
  end,
  act = function(arguments, before, call)
    local began_at, previous = now(), nil
    if arguments.keep_previous > 0 then
      previous = point_backup(make_point(call, kept_name(call)))
    end
    part("restore", function()
      local word, body = way_back(arguments, call)
      ask(call, "post", "/database/backups/" .. word, { json = body })
      return true
    end)
    wait_restored(call)
    return { changed = true, data_until_at = before.until_at, moved_endpoint = false,
      took_s = math.max(0, now() - began_at), previous = previous }
  end,
  -- A restore has no name: only one that cannot have begun, without its restore point, is known.
  look = function(arguments, _, call)
    if arguments.keep_previous > 0 and not point_of(call, kept_name(call)) then
      return "did_not", "the restore point that comes before it was not made"
    end
    local _, word = status(nil, call)
    return "cannot_tell", "the project's status is " .. word .. "; see its dashboard for restores"
  end,
  restore = function(_, _, result)
    if result.previous then return "restore", { backup = result.previous.id } end
  end,
}

return {
  family = "database",
  name = "supabase",
  doc = "Supabase's management API, for one project: restore points as snapshots, and going back "
    .. "to a moment, a backup or a restore point, in place, and the server's log, of 24 hours at "
    .. "once. SQL goes to a target of the driver postgres. What a restore replaces is kept by a "
    .. "restore point, for as long as Supabase keeps it.",
  hosts = { "{url}" },
  lacks = { "query", "counts", "digests", "verify", "check_integrity", "pending_migrations",
    "verify_backup", "execute", "migrate", "backup" },
  settings = {
    { name = "project", identity = true, doc = "The project's ref, 20 letters." },
    { name = "token", secret = true, doc = "An access token." },
    { name = "begins_within", type = "duration", default = "2m",
      doc = "How long a restore that was taken may take to begin." },
    { name = "url", default = "https://api.supabase.com", doc = "Where the API is." },
  },
  doctor = { checks = { "the token and the project (status)" },
    cannot = { "whether the token may restore: Supabase tells it only by a refusal" } },
  operations = {
    status = { observe = status }, wait_ready = { observe = wait_ready }, logs = { observe = logs },
    list_backups = { observe = list_backups }, restore_window = { observe = restore_window },
    snapshot = snapshot, restore = restore,
  },
}
