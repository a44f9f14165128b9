-- Going back with a DB instance of Amazon RDS: the restored data gets the old one's name, and with
-- it the address that clients know.
--
-- RDS restores into a new instance only. Once that is there, the old one is renamed out of the way
-- and the new one into its place; before that nothing of the old one is touched.
local backups = require "driver.aws_backups"
local calls = require "driver.calls"
local databases = require "driver.aws_databases"
local times = require "driver.times"
local units = require "vocabulary.units"
local xml = require "driver.xml"

local M = {}

local tags = backups.tags

-- What is asked for, as a tag has it.
local function asked_for(arguments)
  return arguments.backup or "at " .. units.date("%Y-%m-%dT%H:%M:%SZ", arguments.at)
end

M.asked_for = asked_for

---Between which moments an instance can be restored to: { from_at, to_at }; nil where it keeps no
---automated backups.
function M.window(instance, call)
  for _, one in ipairs(databases.pages(call, "DescribeDBInstanceAutomatedBackups",
    "DBInstanceAutomatedBackups.DBInstanceAutomatedBackup", { DbiResourceId = instance.resource },
    { "DBInstanceAutomatedBackupNotFound" })) do
    local from_at = times.read(databases.text(one, "RestoreWindow.EarliestTime"))
    local to_at = instance.restorable_to_at
      or times.read(databases.text(one, "RestoreWindow.LatestTime"))
    if from_at and to_at then return { from_at = from_at, to_at = to_at } end
  end
end

-- The instance whose history has a moment. What an earlier restore replaced has the older history.
local function source_of(at, main, call)
  local window = M.window(main, call)
  if window and at >= window.from_at then return main end
  for _, kept in ipairs(backups.kept_instances(call)) do
    local older, until_at = M.window(kept, call), times.read(kept.tags[tags.shows])
    local has = older and at >= older.from_at and at <= math.min(older.to_at, until_at or at)
    if has then return kept end
  end
  databases.raise(call, "out_of_window", "%s cannot be restored to %s: %s.",
    call.settings.instance, backups.stamp(at), window and "its history begins at "
    .. backups.stamp(window.from_at) or "it keeps no automated backups")
end

local function way_to_backup(id, call)
  local name = backups.kept_name(id)
  if name then
    for _, kept in ipairs(backups.kept_instances(call)) do
      if kept.name == name and databases.is_settled(kept) then
        return { name = name, resource = kept.resource,
          until_at = times.read(kept.tags[tags.shows]) or calls.now }
      end
    end
  else
    local found = backups.find_snapshot(id, call)
    if found and found.backup.state == "complete" then
      return { snapshot = id, until_at = found.backup.at }
    end
  end
  databases.raise(call, "not_found", "there is no complete backup %s; list_backups shows those "
    .. "that there are.", id)
end

---Where the data comes from, and the moment that it shows: { until_at, source, snapshot, or name
---and resource of an instance that was kept }. Raises not_found, out_of_window.
function M.way_back(arguments, main, call)
  if arguments.backup then return way_to_backup(arguments.backup, call) end
  if arguments.at > calls.now then
    databases.raise(call, "bad_argument", "%s has not come yet.", backups.stamp(arguments.at))
  end
  return { source = source_of(arguments.at, main, call).name, until_at = math.floor(arguments.at) }
end

local function before(arguments, call)
  if arguments.from then
    databases.raise(call, "not_supported", "RDS restores its own backups only: leave from out.")
  end
  local main = databases.own(call)
  if main.status == "stopped" or main.status == "stopping" then
    databases.raise(call, "bad_state", "%s is %s, and RDS renames no stopped instance. Start it "
      .. "(unfence), or fence it by network.", main.name, main.status)
  end
  -- Of what it shows already, nothing has to be there any more: undo looks here too.
  if main.tags[tags.from] ~= asked_for(arguments) then M.way_back(arguments, main, call) end
  return { state = { resource = main.resource }, sign = "~",
    plan = ("%s as %s"):format(main.name, arguments.backup and "in " .. arguments.backup
      or "it was at " .. backups.stamp(arguments.at)) }
end

-- The archive comes up to a moment some minutes after it.
local function wait_restorable(way, call)
  calls.poll({ every = 1, growth = 1.5, every_max = 15, within = math.huge, tell = call.target
    .. ": RDS cannot restore to so late a moment yet" }, function()
    local source = databases.find(way.source, call)
    return source and (source.restorable_to_at or 0) >= way.until_at
  end)
end

---Asks RDS for an instance `name` with what `asked` says and the way's data, which bears the
---change's mark. Its resource id; nil where there is one of this name already.
function M.create(name, asked, own_tags, way, arguments, call)
  own_tags[tags.mark], own_tags[tags.from] = databases.mark(call), asked_for(arguments)
  own_tags[tags.shows] = units.date("%Y-%m-%dT%H:%M:%SZ", way.until_at)
  asked.Tags = databases.tag_list(own_tags)
  local result
  if way.snapshot then
    asked.DBInstanceIdentifier, asked.DBSnapshotIdentifier = name, way.snapshot
    result = databases.ask(call, "RestoreDBInstanceFromDBSnapshot", asked,
      { "DBInstanceAlreadyExists" })
  else
    wait_restorable(way, call)
    asked.SourceDBInstanceIdentifier, asked.TargetDBInstanceIdentifier = way.source, name
    asked.RestoreTime = units.date("%Y-%m-%dT%H:%M:%SZ", way.until_at)
    result = databases.ask(call, "RestoreDBInstanceToPointInTime", asked,
      { "DBInstanceAlreadyExists" })
  end
  local element = result and xml.all(result, "DBInstance")[1]
  return element and databases.text(element, "DbiResourceId")
end

-- The new instance is like the old one. One of this name is this change's own.
local function create(arguments, way, mark, call)
  local name = databases.derived_name(call, "new", mark)
  local asked, own_tags = databases.likeness(databases.own(call))
  return { name = name, resource = M.create(name, asked, own_tags, way, arguments, call)
    or databases.find(name, call).resource }
end

-- What was kept is there already: it gets the mark by which a look knows this change.
local function mark_kept(arguments, way, mark, call)
  databases.add_tags(databases.find(way.name, call), { [tags.mark] = mark,
    [tags.from] = asked_for(arguments),
    [tags.shows] = units.date("%Y-%m-%dT%H:%M:%SZ", way.until_at) }, call)
  return { name = way.name, resource = way.resource }
end

-- Renames what bears `name`, where that is still this resource. What is on its way already, or has
-- arrived, is left alone.
local function rename(name, resource, to, call)
  local bearer = databases.find(name, call)
  if bearer and bearer.resource == resource and bearer.status ~= "renaming" then
    databases.ask(call, "ModifyDBInstance", { DBInstanceIdentifier = name,
      NewDBInstanceIdentifier = to, ApplyImmediately = true })
  end
  return true
end

local function wait_borne(name, resource, what, call)
  return databases.wait(name, what, call, function(instance)
    return instance.resource == resource and databases.is_settled(instance)
  end)
end

-- The old one may be full or broken, which is no reason to leave the name without a bearer.
local function wait_moved(name, resource, call)
  databases.wait(name, "renaming of the old instance", call, function(instance)
    return instance.resource == resource and instance.status ~= "renaming"
  end)
  return true
end

local function keep(name, seconds, mark, call)
  databases.add_tags(databases.find(name, call), { [tags.mark] = mark,
    [tags.shows] = backups.stamp(calls.now),
    [tags.keep_until] = backups.stamp(calls.now + seconds) }, call)
  return true
end

local function result_of(main, kept_name, began_at, call)
  local kept = databases.find(kept_name, call)
  local ours = kept and kept.tags[tags.mark] == main.tags[tags.mark]
  local previous = ours and backups.of_instance(kept) or nil
  return { changed = true, data_until_at = times.read(main.tags[tags.shows]), previous = previous,
    moved_endpoint = false, took_s = math.max(0, calls.now - began_at) }
end

local function act(arguments, found, call)
  local mark, name = databases.mark(call), call.settings.instance
  local kept_name = databases.derived_name(call, "kept", mark)
  local way = calls.part("way", function()
    local chosen = M.way_back(arguments, databases.own(call), call)
    chosen.began_at = calls.now
    return chosen
  end)
  local new = calls.part("data", function()
    return (way.name and mark_kept or create)(arguments, way, mark, call)
  end)
  calls.part("ready", function()
    wait_borne(new.name, new.resource, "restore", call)
    return true
  end)
  calls.part("old away", function() return rename(name, found.resource, kept_name, call) end)
  calls.part("old gone", function() return wait_moved(kept_name, found.resource, call) end)
  calls.part("new in place", function() return rename(new.name, new.resource, name, call) end)
  local main = wait_borne(name, new.resource, "renaming of the new instance", call)
  if arguments.keep_previous > 0 then
    calls.part("keep", function()
      return keep(kept_name, arguments.keep_previous, mark, call)
    end)
  else
    calls.part("unprotect", function()
      databases.unprotect(kept_name, call)
      return true
    end)
    calls.part("forget", function() return databases.delete(kept_name, call) end)
  end
  return result_of(main, kept_name, way.began_at, call), { resource = new.resource }
end

-- Half a restore counts as none: done again, it goes on where it was.
local function look(arguments, _, call)
  local mark, name = databases.mark(call), call.settings.instance
  local main = databases.find(name, call)
  local kept_name = databases.derived_name(call, "kept", mark)
  local kept = databases.find(kept_name, call)
  if not main then
    return "did_not", ("no DB instance bears the name %s at the moment: what did is %s"):format(
      name, kept and kept_name or "on its way")
  elseif main.tags[tags.mark] ~= mark or not databases.is_settled(main) then
    return "did_not", ("%s (%s) does not serve the restored data"):format(name, main.status)
  end
  local stays = kept and kept.status ~= "deleting"
  if arguments.keep_previous > 0 and not (stays and kept.tags[tags.mark] == mark)
    or arguments.keep_previous == 0 and stays then
    return "did_not", ("%s serves the restored data, but what becomes of %s is not settled")
      :format(name, kept_name)
  end
  return "happened", result_of(main, kept_name, call.sent_at or calls.now, call),
    { resource = main.resource }
end

M.restore = {
  before = before, act = act, look = look,
  restore = function(_, _, result)
    if result.previous then return "restore", { backup = result.previous.id } end
  end,
}

return M
