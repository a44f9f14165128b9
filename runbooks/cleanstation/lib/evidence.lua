-- What shows later who did what: copied to a bucket of another region, and listed with its digests.
local options = require "patterns.options"

local M = {}

local listed_max = 100000

-- What of a bucket of logs is copied: AWS has folders for years, months and days (UTC); whole
-- months are taken, to the one after the day on which it was found. Without folders, all.
local function prefixes(folders, since, found_at)
  local found = {}
  for _, folder in ipairs(folders) do
    for day = math.floor(since / 86400), math.floor(found_at / 86400) + 31 do
      local prefix = folder .. date("%Y/%m/", day * 86400)
      if found[#found] ~= prefix then found[#found + 1] = prefix end
    end
  end
  if #found == 0 then found[1] = "" end
  return found
end

local function copy(store, from, name, prefix)
  local copied = store:sync { from = from, prefix = prefix }
  local compared = store:compare { with = from, prefix = prefix }
  ensure(function() return #compared.missing == 0 and #compared.different == 0 end,
    ("Not all of the %s are kept as they are."):format(name))
  return copied.copied + copied.unchanged
end

-- The server's log as an object of its own: one line each, with its time. Where nobody gives it to
-- us, a person does: evidence is not left out in silence.
local function keep_log(db, store, key, since)
  local told, read = try(function() return db:logs { since = since, lines_max = 1000 } end)
  if not told then
    return manual("Keep the database's log by hand", { role = "incident-commander",
      evidence = "text", detail = ("%s\nDownload its log files since %s, and put them into the "
        .. "evidence bucket under %s."):format(read.message,
        date("%Y-%m-%d %H:%M UTC", since), key) })
  end
  local lines = {}
  for place, line in ipairs(read.lines) do
    lines[place] = ("%s %s"):format(date("%Y-%m-%dT%H:%M:%SZ", line.at), line.text)
  end
  store:put { key = key, content_type = "text/plain", body = table.concat(lines, "\n") .. "\n" }
  return ("%d lines%s"):format(#lines, read.truncated and ", the newest ones" or "")
end

---Collects and keeps: a snapshot of the database, its log, and `logs` (by name { at = a storage
---target, folders = those that have folders by date }) since that month. Nothing of it is ever
---undone. Options: db, logs, store, since and found_at (Unix seconds), folder, snapshot.
---
---Raises where a copy differs from what it was made of: evidence that is not whole is none.
---@return table { snapshot, copied, log, listed } `listed` is the key of the list of digests.
function M.collect(given)
  local store, folder = given.store, given.folder
  step("Never replace what is kept", { undo = false }, function()
    store:set_versioning { state = "on" }
  end)
  local branches = {
    ["Snapshot of the database"] = function()
      return step("Keep the database as it is", { undo = false, timeout = "2h" }, function()
        -- As long as the records of a medical product.
        return given.db:snapshot { name = given.snapshot, keep = "3650d" }
      end)
    end,
    ["Log of the database"] = function()
      return step("Keep the database's log", { undo = false }, function()
        return keep_log(given.db, store, folder .. "/database.log", given.since)
      end)
    end,
  }
  local copies = { folder .. "/" }
  for name, log in pairs(given.logs) do
    local parts = prefixes(log.folders, given.since, given.found_at)
    for _, prefix in ipairs(parts) do copies[#copies + 1] = prefix end
    branches[name] = function()
      -- Users are away meanwhile: half of the objective, then a person says how it goes on.
      return step("Keep the " .. name, { undo = false, timeout = "2h" }, function()
        local count = 0
        for _, prefix in ipairs(parts) do count = count + copy(store, log.at, name, prefix) end
        return count
      end)
    end
  end
  local done = parallel(branches)
  local copied = {}
  for name in pairs(given.logs) do copied[name] = done[name] end
  local listed = folder .. "/digests.json"
  step("List the evidence with its digests", { undo = false, timeout = "1h" }, function()
    local digests = wait_until("every object is read", { within = "1h" }, function()
      local read = {}
      for _, prefix in ipairs(copies) do
        local found = store:list { prefix = prefix, limit = listed_max }
        if #found >= listed_max then
          options.fail("too_many", ("There are %d objects and more below \"%s\" of the evidence: "
            .. "the list would not be whole. Name the folders of the logs.")
            :format(listed_max, prefix), "never")
        end
        -- Of what lies there now: a bucket states none, or one that was noted earlier.
        for _, one in ipairs(found) do
          read[one.key] = store:digest { key = one.key }
        end
      end
      return read
    end)
    store:put { key = listed, content_type = "application/json", body = json.encode {
      run = run.id, at = date("%Y-%m-%dT%H:%M:%SZ"), snapshot = done["Snapshot of the database"].id,
      digests = digests } }
  end)
  return { snapshot = done["Snapshot of the database"].id, copied = copied,
    log = done["Log of the database"], listed = listed }
end

---Where `security-watch` notes that it watches after the incident that was found then.
function M.watch_key(found_at) return date("incidents/watch-%Y%m%d-%H%M%S.json", found_at) end

return M
