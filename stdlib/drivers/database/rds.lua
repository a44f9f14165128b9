-- Amazon RDS: one DB instance's snapshots, going back in its history, promotion, fences, its size.

local ask, raise = aws_databases.ask, aws_databases.raise
local fence_of = aws_fences.fence_of
local lag_window_s, lag_period_s = 900, 60
local lines_at_once = 5000

local function own(call) return aws_databases.own(call) end

local function status_of(instance, call)
  local reachable = aws_databases.is_usable(instance) and fence_of(instance, call) == "none"
  return { reachable = reachable, writable = reachable and instance.source == nil,
    role = instance.source and "replica" or "primary", version = instance.version }
end

local function status(_, call) return status_of(own(call), call) end

local function wait_for(what, test)
  return function(arguments, call)
    local last
    local found = poll({ every = 1, growth = 1.5, every_max = 15, within = arguments.within },
      function()
        local instance = own(call)
        local fenced = fence_of(instance, call) ~= "none"
        last = instance.status .. (fenced and " and fenced" or "")
        local told = status_of(instance, call)
        return test(instance, told) and told
      end)
    if found then return found end
    fail { code = "timed_out", retry = "safe", message = ("%s: the DB instance %s was not %s in "
      .. "time; it is %s."):format(call.target, call.settings.instance, what, last) }
  end
end

local wait_ready = wait_for("ready", function(instance, told)
  return told.reachable and aws_databases.is_settled(instance)
end)
local wait_writable = wait_for("writable", function(_, told) return told.writable end)

-- CloudWatch's newest minute of ReplicaLag, in seconds: { at, value }. It is -1 while nothing is
-- replicated (RDS, "Monitoring read replication").
local function newest_lag(call)
  local answer = aws.json { call = call, service = "monitoring", action = "GetMetricData",
    body = { StartTime = math.floor(now() - lag_window_s), EndTime = math.ceil(now()),
      ScanBy = "TimestampDescending", MetricDataQueries = { { Id = "lag", ReturnData = true,
        MetricStat = { Period = lag_period_s, Stat = "Maximum", Metric = { Namespace = "AWS/RDS",
          MetricName = "ReplicaLag", Dimensions = { { Name = "DBInstanceIdentifier",
            Value = call.settings.instance } } } } } } } }
  local series = (answer.MetricDataResults or {})[1] or {}
  local at, value = (series.Timestamps or {})[1], (series.Values or {})[1]
  if value and value >= 0 then return { at = tonumber(at) or time(at), value = value } end
end

local function lag(_, call)
  local instance = own(call)
  if not instance.source then
    raise(call, "wrong_role", "%s follows no other instance: it is a primary.", instance.name)
  end
  local newest = newest_lag(call)
  return { replayed_at = newest and newest.at - newest.value,
    connected = instance.follows == "replicating", idle = newest ~= nil and newest.value == 0 }
end

local function wait_promoted(call)
  return aws_databases.wait(call.settings.instance, "promotion", call, function(instance)
    return not instance.source and aws_databases.is_settled(instance)
  end)
end

local promote = {
  before = function(_, call)
    local instance = own(call)
    local primary = instance.source
    return { state = { role = primary and "replica" or "primary", primary = primary },
      already_so = not primary, result = { changed = false },
      plan = primary and "it follows " .. primary .. " no longer, and takes writes" }
  end,
  -- One that was told already refuses to be told again; what it was told goes on.
  act = function(_, before, call)
    if own(call).source then
      local taken = ask(call, "PromoteReadReplica", {
        DBInstanceIdentifier = call.settings.instance,
        BackupRetentionPeriod = call.settings.backup_days }, { "InvalidDBInstanceState" })
      local instance = own(call)
      if not taken and instance.source and aws_databases.is_settled(instance) then
        raise(call, "bad_state", "RDS does not promote %s as it is (%s).", instance.name,
          instance.status)
      end
    end
    wait_promoted(call)
    return { changed = true, primary_before = before.primary }, { role = "primary" }
  end,
  -- Right after it was told a replica still looks as before, which is why it may be told again.
  look = function(_, before, call)
    local instance = own(call)
    if instance.source and aws_databases.is_settled(instance) then
      return "did_not", instance.name .. " follows " .. instance.source
    end
    wait_promoted(call)
    return "happened", { changed = true, primary_before = before.primary }, { role = "primary" }
  end,
}

local function size_of(instance)
  return { class = instance.class, storage_bytes = instance.storage_gib * aws_databases.gibibyte }
end

-- What is wanted: { class, gib }; what is left out stays.
local function wanted_size(arguments, instance)
  local gib = arguments.storage and math.ceil(arguments.storage / aws_databases.gibibyte)
  return arguments.class or instance.class, gib or instance.storage_gib
end

local resize = {
  before = function(arguments, call)
    local instance = own(call)
    local class, gib = wanted_size(arguments, instance)
    if gib < instance.storage_gib then
      raise(call, "not_supported", "RDS only grows storage: %s has %d GiB.", instance.name,
        instance.storage_gib)
    end
    local is = size_of(instance)
    return { state = is, already_so = class == is.class and gib == instance.storage_gib,
      result = { before = is, after = is, changed = false }, plan = ("%s, %d GiB"):format(class,
        gib) }
  end,
  act = function(arguments, before, call)
    local instance = own(call)
    local class, gib = wanted_size(arguments, instance)
    local pending = instance.pending  -- Told by a try before, and refused to be told again.
    local grows = gib > (pending.storage_gib or instance.storage_gib)
    local asked = grows and aws_databases.storage_terms(instance, gib) or {}
    asked.DBInstanceIdentifier, asked.ApplyImmediately = instance.name, true
    asked.DBInstanceClass = class ~= (pending.class or instance.class) and class or nil
    asked.AllocatedStorage = grows and gib or nil
    if asked.DBInstanceClass or asked.AllocatedStorage then
      ask(call, "ModifyDBInstance", asked)
    end
    -- RDS rounds storage up where it is less than a tenth more.
    local made = aws_databases.wait(instance.name, "change of size", call, function(one)
      return one.class == class and one.storage_gib >= gib and not one.pending.class
        and not one.pending.storage_gib and aws_databases.is_settled(one)
    end)
    return { before = before, after = size_of(made), changed = true }, size_of(made)
  end,
}

-- The lines of one of the server's log files; one without a time belongs to the line before.
local function read_file(file, take, call)
  local marker, at = "0", nil
  repeat
    local told = ask(call, "DownloadDBLogFilePortion", { LogFileName = file, Marker = marker,
      DBInstanceIdentifier = call.settings.instance, NumberOfLines = lines_at_once })
    for line in (aws_databases.text(told, "LogFileData") or ""):gmatch("[^\n]+") do
      local day, hour = line:match("^(%d+%-%d+%-%d+) (%d+:%d+:%d+) UTC")
      at = day and time(day .. "T" .. hour .. "Z") or at
      if at then take(at, line, file) end
    end
    local following = aws_databases.text(told, "Marker")
    local more = aws_databases.text(told, "AdditionalDataPending") == "true"
    local moved = following ~= marker
    marker = following
  until not (more and moved and marker)
end

-- Names of the files that were written to since then, oldest first.
local function files_since(since, call)
  local found = {}
  for _, one in ipairs(aws_databases.pages(call, "DescribeDBLogFiles",
    "DescribeDBLogFiles.DescribeDBLogFilesDetails", { FileLastWritten = math.floor(since * 1000),
      DBInstanceIdentifier = call.settings.instance })) do
    found[#found + 1] = { name = aws_databases.text(one, "LogFileName"),
      at = tonumber(aws_databases.text(one, "LastWritten")) or 0 }
  end
  table.sort(found, function(one, other) return one.at < other.at end)
  return found
end

local function logs(arguments, call)
  local lines, to, truncated = {}, arguments.to or now(), false
  local function take(at, text, source)
    local fits = at >= arguments.since and at <= to
      and (not arguments.contains or text:find(arguments.contains, 1, true))
    if not fits then return end
    lines[#lines + 1] = { at = at, text = text, source = source }
    if #lines <= arguments.lines_max then return end
    truncated = true
    table.remove(lines, 1)
  end
  for _, file in ipairs(files_since(arguments.since, call)) do read_file(file.name, take, call) end
  return { lines = lines, truncated = truncated }
end

return {
  family = "database",
  name = "rds",
  doc = "A DB instance of Amazon RDS, PostgreSQL: snapshots, going back to a moment or a snapshot, "
    .. "promotion of a read replica, fences and size. SQL goes to a target of the driver postgres. "
    .. "A restore makes a new instance, which gets the name and with it the address; the old one "
    .. "is renamed and runs on until delete_backup or prune_backups. Its read replicas stay with "
    .. "the old one. `keep` of a snapshot is a tag, by which prune_backups goes. A clone is an "
    .. "instance of its own, in one zone; drop returns when RDS removes it, which takes minutes. "
    .. "set_password is for the master user; others have theirs in the server. "
    .. "RDS makes no primary a replica again, so there is no rejoin: make a new read replica.",
  hosts = aws.hosts,
  lacks = { "query", "counts", "digests", "verify", "check_integrity", "pending_migrations",
    "verify_backup", "execute", "migrate", "backup" },
  settings = aws.settings {
    { name = "instance", identity = true, doc = "The DB instance's identifier." },
    { name = "fence_groups", type = "list", optional = true,
      doc = "Security groups that let nobody in: what fence by network gives the instance." },
    { name = "backup_days", type = "integer", optional = true,
      doc = "How many days of automated backups a promoted replica keeps; otherwise its own." },
    { name = "instances", type = "map", optional = true, doc = "Which DB instances other targets "
      .. "are, for clone: { database/main: shop }. Of the same region and account." },
    { name = "disposable", type = "boolean", optional = true,
      doc = "Whether clone and drop may throw its data away." },
  },
  doctor = aws_doctor.of(function(arn, call)
    local own, snapshots = arn("rds", "db:" .. call.settings.instance), arn("rds", "snapshot:*")
    local function need(operations, resource, ...)
      return { operations = operations, resource = resource, actions = { ... } }
    end
    local fences = { "fence", "unfence" }
    return { need(nil, own, "rds:DescribeDBInstances"),
      need(nil, snapshots, "rds:DescribeDBSnapshots"),
      need({ "restore", "resize", "fence", "unfence", "set_password" }, own,
        "rds:ModifyDBInstance"),
      need(fences, own, "rds:RebootDBInstance", "rds:StopDBInstance", "rds:StartDBInstance"),
      need({ "promote" }, own, "rds:PromoteReadReplica"),
      need({ "snapshot", "restore", "fence" }, own, "rds:AddTagsToResource"),
      need({ "snapshot" }, own, "rds:CreateDBSnapshot"),
      need({ "delete_backup", "prune_backups" }, snapshots, "rds:DeleteDBSnapshot"),
      need({ "drop" }, own, "rds:DeleteDBInstance"),
      need({ "restore", "clone" }, own, "rds:RestoreDBInstanceToPointInTime"),
      need({ "restore", "clone" }, snapshots, "rds:RestoreDBInstanceFromDBSnapshot") }
  end),
  operations = {
    status = { observe = status }, wait_ready = { observe = wait_ready },
    wait_writable = { observe = wait_writable }, lag = { observe = lag }, logs = { observe = logs },
    list_backups = { observe = aws_backups.list },
    restore_window = { observe = function(_, call)
      return aws_restores.window(own(call), call)
    end },
    snapshot = aws_backups.snapshot, delete_backup = aws_backups.delete_backup,
    prune_backups = aws_backups.prune_backups, restore = aws_restores.restore,
    clone = aws_clones.clone, drop = aws_clones.drop, promote = promote, resize = resize,
    fence = aws_fences.fence, unfence = aws_fences.unfence,
    set_password = aws_passwords.set_password,
  },
}
