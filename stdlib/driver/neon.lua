-- Requests to Neon for the driver of one of its branches: the control plane, and SQL over HTTP.
local api = require "driver.api"
local calls = require "driver.calls"
local errors = require "vocabulary.errors"
local http = require "driver.http"
local json = require "vocabulary.json"
local units = require "vocabulary.units"

local M = {}

local bad_ends = { failed = true, error = true, cancelled = true }
local unfinished = { scheduling = true, running = true, cancelling = true }

local request = api.of {
  name = "Neon",
  request = function(call) return { bearer = call.settings.token } end,
  -- 423 says that another operation goes on; nothing was executed then.
  why = function(told, status) return told.code ~= "" and told.code or nil, told.message, nil,
    status == 423 end,
}

local function raise(code, call, message, ...)
  errors.raise(code, call.target .. ": " .. message:format(...), "never", calls.position())
end

---A moment as Neon writes it.
function M.stamp(at) return units.date("%Y-%m-%dT%H:%M:%SZ", at) end

---One request below the setting `project`.
function M.ask(call, method, path, more, codes)
  return request(call, method, "/api/v2/projects/" .. call.settings.project .. path, more, codes)
end

---Waits until all these operations have ended well. One that failed is told by its own words.
function M.finish(call, operations, what)
  for _, operation in ipairs(operations or {}) do
    local ended = calls.poll({ every = 0.5, growth = 1.5, every_max = 10, within = math.huge,
      tell = call.target .. ": " .. what .. " goes on", taken = ("%s: Neon took the %s, which had "
      .. "not ended when time was up."):format(call.target, what) }, function()
      local one = M.ask(call, "get", "/operations/" .. operation.id).operation
      return not unfinished[one.status] and one
    end)
    if bad_ends[ended.status] then
      raise("provider_failed", call, "Neon's operation %s (%s) of the %s ended as %s: %s", ended.id,
        ended.action, what, ended.status, ended.error or "without a reason")
    end
  end
end

---All branches of the project, or those whose name or id contains `part`.
function M.branches(call, part)
  return http.pages(function(cursor)
    local told = M.ask(call, "get", "/branches", { query = { limit = 100, cursor = cursor,
      search = part } })
    local following = (told.pagination or {}).next
    return told.branches, following ~= "" and following or nil
  end)
end

---Whether the setting `branch` is an id, not a name.
function M.is_id(text) return text:find("^br%-") ~= nil end

---The branch of the setting `branch`; nil where there is none of that name.
function M.branch(call)
  local known = call.settings.branch
  if M.is_id(known) then return M.ask(call, "get", "/branches/" .. known).branch end
  for _, one in ipairs(M.branches(call, known)) do
    if one.name == known then return one end
  end
end

---The id of that branch. Raises not_found.
function M.id(call)
  if M.is_id(call.settings.branch) then return call.settings.branch end
  local branch = M.branch(call)
  if branch then return branch.id end
  raise("not_found", call, "Neon has no branch %s in the project %s. One that is disposable is "
    .. "made by clone.", call.settings.branch, call.settings.project)
end

---"/branches/ID" and `word`.
function M.path(call, word) return "/branches/" .. M.id(call) .. (word or "") end

local function read_write(call, branch)
  local told = M.ask(call, "get", ("/branches/%s/endpoints"):format(branch.id))
  for _, one in ipairs(told.endpoints) do
    if one.type == "read_write" then return one end
  end
end

---The operation status. A compute that is idle starts with the first connection.
function M.status(_, call)
  local branch = M.branch(call)
  if not branch then return { reachable = false, writable = false, role = "primary" } end
  local endpoint, project = read_write(call, branch), M.ask(call, "get", "").project
  local reachable = branch.current_state == "ready" and not branch.pending_state
    and endpoint ~= nil and not endpoint.disabled and endpoint.current_state ~= "init"
  return { reachable = reachable, writable = reachable, role = "primary",
    version = tostring(project.pg_version), size_bytes = branch.logical_size }
end

---The operation wait_ready.
function M.wait_ready(arguments, call)
  local ready = calls.poll({ every = 0.5, growth = 1.5, every_max = 10, within = arguments.within },
    function()
      local found = M.status(nil, call)
      return found.reachable and found
    end)
  if ready then return ready end
  errors.raise("timed_out", ("%s: the branch %s was not ready in time."):format(call.target,
    call.settings.branch), "safe", calls.position())
end

local begins_reading = { select = true, with = true, values = true, table = true, show = true,
  explain = true }

-- One that ends the transaction would let the next one write.
local function check_reads(sql, call)
  local word = sql:match("^[%s(]*(%a*)"):lower()
  if begins_reading[word] then return end
  raise("not_allowed", call, "SQL that reads begins with select, with, values, table, show or "
    .. "explain, not with \"%s\".", word)
end

-- The names of a result's columns, in order.
local function columns_of(result, call)
  local names, seen = {}, {}
  for index, field in ipairs(result.fields or {}) do
    if seen[field.name] then
      raise("bad_argument", call, "the query gives two columns named \"%s\". Give one of them "
        .. "another name with `as`.", field.name)
    end
    names[index], seen[field.name] = field.name, true
  end
  return names
end

---Executes queries, { query, params } each, in one transaction that only reads, and gives { rows,
---columns } for each: maps of column to value, and the columns' names in order. The connection
---string goes from Neon to Neon: nobody but it sees it.
function M.rows(call, queries)
  local settings = call.settings
  if not (settings.sql_url and settings.database and settings.role) then
    raise("not_supported", call, "its settings name no sql_url, database and role, without which "
      .. "Neon answers no SQL over HTTP. Add them, or use a target of the driver postgres.")
  end
  local connection = M.ask(call, "get", "/connection_uri", { query = { branch_id = M.id(call),
    database_name = settings.database, role_name = settings.role },
    handles = { ["connection of " .. settings.branch] = "uri" } })
  local all = { { query = "set transaction read only", params = json.empty_list } }
  for index, one in ipairs(queries) do
    check_reads(one.query, call)
    local params = one.params or {}
    all[index + 1] = { query = one.query, params = params[1] ~= nil and params or json.empty_list }
  end
  local answer = http.post { url = settings.sql_url, path = "/sql", reads = true, accept = { 400 },
    headers = { ["Neon-Connection-String"] = connection.uri }, json = { queries = all } }
  if answer.status == 400 then
    local told = answer.json or {}
    raise(told.code == "42P01" and "not_found" or "sql_failed", call, "Neon refused the SQL: %s",
      told.message or "without a reason")
  end
  local found = {}
  for index in ipairs(queries) do
    local result = answer.json.results[index + 1]
    found[index] = { rows = result.rows, columns = columns_of(result, call) }
  end
  return found
end

return M
