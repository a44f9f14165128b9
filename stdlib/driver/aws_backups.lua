-- Backups of a DB instance of Amazon RDS: its snapshots, and the instances that restores have kept.
--
-- RDS keeps a manual snapshot for good. How long it is wanted stands in a tag, which list_backups
-- shows and prune_backups honours; one without it is wanted for good.
local calls = require "driver.calls"
local databases = require "driver.aws_databases"
local retention = require "driver.retention"
local times = require "driver.times"
local units = require "vocabulary.units"
local xml = require "driver.xml"

local M = {}

local kept_prefix = "instance:"
local id_bytes_max = 255  -- CreateDBSnapshot, "DBSnapshotIdentifier".
local gone = { deleting = true, deleted = true }

-- `mark` says which change made it, `from` what it was restored from, `shows` which moment.
M.tags = { mark = "perilune-mark", from = "perilune-from", shows = "perilune-shows",
  keep_until = "perilune-keep-until" }

---A moment as a tag has it.
function M.stamp(at) return units.date("%Y-%m-%dT%H:%M:%SZ", math.ceil(at)) end

local function state_of(status)
  if status == "available" then return "complete" end
  return (status == "failed" or status:find("^incompatible")) and "failed" or "running"
end

-- `manual`: it goes when it is told to, not by itself. `own`: it was made by a run.
local function read_snapshot(element)
  local tags, status = databases.tags_of(element), databases.text(element, "Status") or ""
  local id = databases.text(element, "DBSnapshotIdentifier")
  return { of = databases.text(element, "DBInstanceIdentifier"), tags = tags, status = status,
    manual = databases.text(element, "SnapshotType") == "manual",
    own = tags[M.tags.mark] ~= nil, backup = { id = id, key = id, kind = "snapshot",
      state = state_of(status), keep_until_at = times.read(tags[M.tags.keep_until]),
      at = times.read(databases.text(element, "SnapshotCreateTime")) or calls.now,
      size_bytes = tonumber(databases.text(element, "FullSnapshotSizeInBytes")) } }
end

---The backup that a kept instance is.
function M.of_instance(instance)
  return { id = kept_prefix .. instance.name, key = instance.name, kind = "snapshot",
    state = databases.is_settled(instance) and "complete" or "running",
    at = times.read(instance.tags[M.tags.shows]) or calls.now,
    keep_until_at = times.read(instance.tags[M.tags.keep_until]) }
end

---The name of the kept instance that a backup's id means; nil where it means a snapshot.
function M.kept_name(id)
  return id:sub(1, #kept_prefix) == kept_prefix and id:sub(#kept_prefix + 1) or nil
end

local function is_kept_name(name, call)
  local mark = name:match("%-kept%-(%x+)$")
  return mark ~= nil and name == databases.derived_name(call, "kept", mark)
end

---The instances that restores of this target have kept.
function M.kept_instances(call)
  local found = {}
  for _, instance in ipairs(databases.all(call)) do
    if is_kept_name(instance.name, call) and not gone[instance.status] then
      found[#found + 1] = instance
    end
  end
  return found
end

---The snapshot with an id; nil where there is none.
function M.find_snapshot(id, call)
  local result = databases.ask(call, "DescribeDBSnapshots", { DBSnapshotIdentifier = id },
    { "DBSnapshotNotFound" })
  local element = result and xml.all(result, "DBSnapshots.DBSnapshot")[1]
  local found = element and read_snapshot(element)
  return found and not gone[found.status] and found or nil
end

-- What belonged to an instance before it was renamed may be known by either of its names.
local function is_of_target(snapshot, call)
  local of = snapshot.of or ""
  return of == call.settings.instance:lower() or is_kept_name(of, call)
end

---All backups of the target, newest first: { backup, manual, own }.
function M.all(call)
  local found = {}
  for _, element in ipairs(databases.pages(call, "DescribeDBSnapshots",
    "DBSnapshots.DBSnapshot")) do
    local one = read_snapshot(element)
    if is_of_target(one, call) and not gone[one.status] then found[#found + 1] = one end
  end
  for _, instance in ipairs(M.kept_instances(call)) do
    found[#found + 1] = { backup = M.of_instance(instance), manual = true, own = true }
  end
  table.sort(found, function(one, other)
    if one.backup.at ~= other.backup.at then return one.backup.at > other.backup.at end
    return one.backup.id < other.backup.id
  end)
  return found
end

function M.list(arguments, call)
  local found = {}
  for _, one in ipairs(M.all(call)) do
    local backup = one.backup
    local fits = (not arguments.kind or backup.kind == arguments.kind)
      and (not arguments.before or backup.at < arguments.before)
    if fits and #found < arguments.limit then found[#found + 1] = backup end
  end
  return found
end

-- The identifier that a name becomes: letters, digits and single hyphens.
local function id_of(name, call)
  local id = name:lower():gsub("[^%w]+", "-"):gsub("^%-+", ""):gsub("%-+$", "")
  if id:find("^%d") then id = "s-" .. id end
  if id ~= "" and #id <= id_bytes_max then return id end
  databases.raise(call, "bad_argument", "\"%s\" cannot name a snapshot: at most %d letters, "
    .. "digits and hyphens are taken.", name, id_bytes_max)
end

-- Waits until a snapshot has ended, and gives its backup. Raises where it failed.
local function finish(id, call)
  local ended = calls.poll({ every = 0.5, growth = 1.5, every_max = 15, within = math.huge,
    tell = call.target .. ": the snapshot goes on", taken = ("%s: RDS took the snapshot %s, which "
      .. "was not complete when time was up."):format(call.target, id) }, function()
    local found = M.find_snapshot(id, call)
    return not found and "none" or found.backup.state ~= "running" and found
  end)
  if ended ~= "none" and ended.backup.state == "complete" then
    ended.backup.changed = true
    return ended.backup
  end
  databases.raise(call, "provider_failed", "the snapshot %s is %s. See the events of the DB "
    .. "instance.", id, ended == "none" and "gone" or ended.status)
end

M.snapshot = {
  before = function(arguments, call)
    local id = id_of(arguments.name, call)
    if not M.find_snapshot(id, call) then return { sign = "+", plan = id } end
    databases.raise(call, "already_exists", "there is a snapshot %s already.", id)
  end,
  act = function(arguments, _, call)
    local id, mark = id_of(arguments.name, call), databases.mark(call)
    calls.part("snapshot", function()
      local there = M.find_snapshot(id, call)
      if there and there.tags[M.tags.mark] == mark then return true end
      local tags = { [M.tags.mark] = mark }
      if arguments.keep then tags[M.tags.keep_until] = M.stamp(calls.now + arguments.keep) end
      databases.ask(call, "CreateDBSnapshot", { DBSnapshotIdentifier = id,
        DBInstanceIdentifier = call.settings.instance, Tags = databases.tag_list(tags) })
      return true
    end)
    return finish(id, call)
  end,
  look = function(arguments, _, call)
    local id = id_of(arguments.name, call)
    local there = M.find_snapshot(id, call)
    if not there then return "did_not", "there is no snapshot " .. id end
    if there.tags[M.tags.mark] ~= databases.mark(call) then
      return "did_not", "the snapshot " .. id .. " was made by another"
    end
    return "happened", finish(id, call)
  end,
}

-- Removes a backup by its id; whether it was there.
local function remove(id, call)
  local kept = M.kept_name(id)
  if kept then
    databases.unprotect(kept, call)
    return databases.delete(kept, call)
  end
  return databases.ask(call, "DeleteDBSnapshot", { DBSnapshotIdentifier = id },
    { "DBSnapshotNotFound" }) ~= nil
end

M.delete_backup = {
  before = function(arguments, call)
    for _, one in ipairs(M.all(call)) do
      if one.backup.id == arguments.backup then
        if one.manual then return { state = { exists = true }, sign = "-" } end
        databases.raise(call, "not_supported", "RDS removes its automated backup %s by itself; how "
          .. "long it keeps them is a setting of the DB instance.", arguments.backup)
      end
    end
    return { state = { exists = false }, already_so = true, result = { changed = false } }
  end,
  act = function(arguments, _, call)
    remove(arguments.backup, call)
    return { changed = true }, { exists = false }
  end,
}

-- What may go: made by a run, complete, and no longer promised to be kept. One that was made
-- without a time is promised for good: it may be the evidence of an incident.
local function may_go(one)
  local promised_at = one.backup.keep_until_at
  return one.manual and one.own and one.backup.state == "complete" and promised_at ~= nil
    and promised_at <= calls.now
end

M.prune_backups = {
  before = function(arguments, call)
    local things = {}
    for _, one in ipairs(M.all(call)) do
      if may_go(one) then things[#things + 1] = { id = one.backup.id, at = one.backup.at } end
    end
    local removed, kept = retention.choose(things, arguments)
    return { state = { removed = removed, kept = kept }, already_so = #removed == 0, sign = "-",
      plan = ("%d go, %d stay"):format(#removed, #kept),
      result = { removed = removed, kept = kept, changed = false } }
  end,
  -- Exactly what was decided before the intent, also when it is done again.
  act = function(_, before, call)
    for _, id in ipairs(before.removed) do
      remove(id, call)
      calls.ask("tell", { text = call.target .. ": removed " .. id })
    end
    return { removed = before.removed, kept = before.kept, changed = true },
      { removed = {}, kept = before.kept }
  end,
}

return M
