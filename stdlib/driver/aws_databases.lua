-- DB instances of Amazon RDS: how one is, what it has, and waiting for what it was told to become.
--
-- The setting `instance` names the one that the target is. A name can be moved from one instance to
-- another; which of them bears it is known by the resource id, which never changes.
local aws = require "driver.aws"
local calls = require "driver.calls"
local errors = require "vocabulary.errors"
local http = require "driver.http"
local times = require "driver.times"
local xml = require "driver.xml"

local M = {}

M.gibibyte = 1024 * 1024 * 1024
local name_bytes_max = 63  -- CreateDBInstance, "DBInstanceIdentifier".

-- Statuses in which an instance takes connections (RDS, "Viewing DB instance status").
local usable = {}
for status in ([[available backing-up configuring-enhanced-monitoring configuring-log-exports
    configuring-iam-database-auth converting-to-vpc modifying resetting-master-credentials
    storage-optimization
    storage-initialization storage-config-upgrade]]):gmatch("%S+") do usable[status] = true end

-- Ones that nothing leads out of by itself (waiter DBInstanceAvailable, and the same page).
local broken = {}
for status in ([[deleted deleting failed incompatible-credentials incompatible-network
    incompatible-option-group incompatible-parameters incompatible-restore
    inaccessible-encryption-credentials restore-error storage-full]]):gmatch("%S+") do
  broken[status] = true
end

function M.raise(call, code, message, ...)
  errors.raise(code, call.target .. ": " .. message:format(...), "never", calls.position())
end

---A request of RDS; `absent` lists codes that mean "not there".
function M.ask(call, action, parameters, absent)
  return aws.query { call = call, service = "rds", action = action, parameters = parameters,
    absent = absent }
end

---The text at a path below an element; nil where there is none or it is empty.
function M.text(element, path)
  local found = xml.text(element, path)
  return found and found:find("%S") and found or nil
end

-- A name that is no default, which RDS gives by itself.
local function chosen(element, path)
  local name = M.text(element, path)
  return name and not name:find("^default[:.]") and name or nil
end

local function whole(element, path) return tonumber(M.text(element, path)) end
local function is_true(element, path) return M.text(element, path) == "true" end

---The tags of an element that has a TagList, as a map.
function M.tags_of(element)
  local tags = {}
  for _, one in ipairs(xml.all(element, "TagList.Tag")) do
    tags[xml.text(one, "Key")] = xml.text(one, "Value") or ""
  end
  return tags
end

---A map as a list of tags.
function M.tag_list(tags)
  local list = {}
  for key, value in pairs(tags) do list[#list + 1] = { Key = key, Value = value } end
  return list
end

local function groups_of(element)
  local groups, settled = {}, true
  for _, one in ipairs(xml.all(element, "VpcSecurityGroups.VpcSecurityGroupMembership")) do
    groups[#groups + 1] = M.text(one, "VpcSecurityGroupId")
    settled = settled and M.text(one, "Status") == "active"
  end
  table.sort(groups)
  return groups, settled
end

-- `pending` has what was told to it and is not in force.
local function read(element)
  local groups, settled = groups_of(element)
  local pending = xml.all(element, "PendingModifiedValues")[1]
  return { name = M.text(element, "DBInstanceIdentifier"), arn = M.text(element, "DBInstanceArn"),
    resource = M.text(element, "DbiResourceId"), status = M.text(element, "DBInstanceStatus") or "",
    class = M.text(element, "DBInstanceClass"), storage_gib = whole(element, "AllocatedStorage"),
    version = M.text(element, "EngineVersion"), groups = groups, groups_settled = settled,
    source = M.text(element, "ReadReplicaSourceDBInstanceIdentifier"),
    follows = M.text(element, "StatusInfos.DBInstanceStatusInfo.Status"),
    restorable_to_at = times.read(M.text(element, "LatestRestorableTime")),
    protected = is_true(element, "DeletionProtection"), tags = M.tags_of(element),
    pending = { class = pending and M.text(pending, "DBInstanceClass"),
      storage_gib = pending and whole(pending, "AllocatedStorage") }, element = element }
end

---Whether an instance takes connections, as far as RDS says.
function M.is_usable(instance) return usable[instance.status] == true end

---Whether an instance can be told to change (CreateDBSnapshot, "must be in the available or").
function M.is_settled(instance)
  return instance.status == "available" or instance.status == "storage-optimization"
end

---The instance that bears a name; nil where none does.
function M.find(name, call)
  local result = M.ask(call, "DescribeDBInstances", { DBInstanceIdentifier = name },
    { "DBInstanceNotFound" })
  local element = result and xml.all(result, "DBInstances.DBInstance")[1]
  return element and read(element)
end

---The target's own instance. Raises not_found.
function M.own(call)
  local found = M.find(call.settings.instance, call)
  if found then return found end
  M.raise(call, "not_found", "there is no DB instance %s in %s. Correct instance or region in the "
    .. "environment.", call.settings.instance, call.settings.region)
end

---All items of a list that comes in pages: elements at `path` of the results.
function M.pages(call, action, path, parameters, absent)
  return http.pages(function(marker)
    local asked = { Marker = marker, MaxRecords = 100 }
    for name, value in pairs(parameters or {}) do asked[name] = value end
    local result = M.ask(call, action, asked, absent)
    if not result then return {} end
    return xml.all(result, path), M.text(result, "Marker")
  end)
end

---Every instance of the region.
function M.all(call)
  local found = {}
  for _, element in ipairs(M.pages(call, "DescribeDBInstances", "DBInstances.DBInstance")) do
    found[#found + 1] = read(element)
  end
  return found
end

---Waits until `test(instance)` holds of the instance with a name; raises where it broke, and
---`unknown` where it took too long: what was told to it goes on.
function M.wait(name, what, call, test)
  local taken = ("%s: RDS took the %s, which had not ended when time was up; see the DB instance "
    .. "%s."):format(call.target, what, name)
  return calls.poll({ every = 0.5, growth = 1.5, every_max = 15, within = math.huge, taken = taken,
    tell = call.target .. ": " .. what .. " goes on" }, function()
    local instance = M.find(name, call)
    if not instance then return false end
    if test(instance) then return instance end
    if not broken[instance.status] then return false end
    M.raise(call, "provider_failed", "after the %s the DB instance %s is %s. See its events.",
      what, name, instance.status)
  end)
end

---A mark of a change, which nothing else bears: 16 hexadecimal digits of its key.
function M.mark(call) return calls.ask("digest", { value = call.key }):sub(1, 16) end

---A name of an instance: the target's own with a word and a mark, as long as RDS allows.
function M.derived_name(call, word, mark)
  local room = name_bytes_max - #word - #mark - 2
  local stem = call.settings.instance:lower():sub(1, room):gsub("%-+$", "")
  return stem .. "-" .. word .. "-" .. mark
end

function M.add_tags(instance, tags, call)
  M.ask(call, "AddTagsToResource", { ResourceName = instance.arn, Tags = M.tag_list(tags) })
end

---Lets an instance be removed, where it is protected from that.
function M.unprotect(name, call)
  local instance = M.find(name, call)
  if not instance or not instance.protected then return end
  M.ask(call, "ModifyDBInstance", { DBInstanceIdentifier = name, DeletionProtection = false,
    ApplyImmediately = true })
end

---Removes an instance for good, with or without its automated backups, which RDS otherwise keeps
---until they end. Whether it was there.
function M.remove(name, with_backups, call)
  local instance = M.find(name, call)
  if not instance or instance.status == "deleting" then return false end
  return M.ask(call, "DeleteDBInstance", { DBInstanceIdentifier = name, SkipFinalSnapshot = true,
    DeleteAutomatedBackups = with_backups }, { "DBInstanceNotFound" }) ~= nil
end

---Removes what was replaced; its automated backups end by themselves.
function M.delete(name, call) return M.remove(name, false, call) end

---Waits until an instance that is being removed is gone, and its name free; one that is not being
---removed is left alone.
function M.wait_gone(name, call)
  calls.poll({ every = 1, growth = 1.5, every_max = 15, within = math.huge, tell = call.target
    .. ": the DB instance that had the name is being removed" }, function()
    local there = M.find(name, call)
    return not there or there.status ~= "deleting"
  end)
end

-- Provisioned speed may be named of io1 and io2, and of gp3 where it is large enough to have any.
local function speeds(element, storage_gib)
  local kind = M.text(element, "StorageType")
  local provisioned = kind == "io1" or kind == "io2" or (kind == "gp3" and storage_gib >= 400)
  return kind, provisioned and whole(element, "Iops") or nil,
    provisioned and kind == "gp3" and whole(element, "StorageThroughput") or nil
end

---What a storage of this size is told with besides: { Iops, StorageThroughput }.
function M.storage_terms(instance, storage_gib)
  local _, iops, throughput = speeds(instance.element, storage_gib)
  return { Iops = iops, StorageThroughput = throughput }
end

---What an instance that takes another's place must be told, lest RDS gives it defaults
---(RestoreDBInstanceToPointInTime, "default security group", "single-AZ").
function M.likeness(instance)
  local element = instance.element
  local kind, iops, throughput = speeds(element, instance.storage_gib)
  local tags = {}
  for key, value in pairs(instance.tags) do
    local own = key:find("^perilune%-") and key ~= "perilune-fence"
    if not own and not key:find("^aws:") then tags[key] = value end
  end
  return { DBInstanceClass = instance.class, VpcSecurityGroupIds = instance.groups,
    DBSubnetGroupName = M.text(element, "DBSubnetGroup.DBSubnetGroupName"),
    DBParameterGroupName = chosen(element,
      "DBParameterGroups.DBParameterGroup.DBParameterGroupName"),
    OptionGroupName = chosen(element,
      "OptionGroupMemberships.OptionGroupMembership.OptionGroupName"),
    Port = whole(element, "Endpoint.Port"), MultiAZ = is_true(element, "MultiAZ"),
    PubliclyAccessible = is_true(element, "PubliclyAccessible"),
    AutoMinorVersionUpgrade = is_true(element, "AutoMinorVersionUpgrade"),
    CopyTagsToSnapshot = is_true(element, "CopyTagsToSnapshot"),
    DeletionProtection = instance.protected,
    EnableIAMDatabaseAuthentication = is_true(element, "IAMDatabaseAuthenticationEnabled"),
    BackupRetentionPeriod = whole(element, "BackupRetentionPeriod"),
    PreferredBackupWindow = M.text(element, "PreferredBackupWindow"),
    StorageType = kind, Iops = iops, StorageThroughput = throughput }, tags
end

return M
