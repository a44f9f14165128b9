-- Upstash Redis by its REST API: each request is a list of commands.

local scan_count = "1000"

-- Sends commands in one request and gives their results. Errors of commands come in a 200 (Upstash,
-- "REST API: Pipelining").
local function ask(call, reads, commands, handles)
  local answer = http.post { url = call.settings.url, path = "/pipeline", reads = reads,
    bearer = call.settings.token, json = commands, handles = handles, accept = { 400 } }
  local told, results = answer.json or {}, {}
  if answer.status == 400 then told = { { error = told.error or "a bad request" } } end
  for index = 1, math.max(#commands, #told) do
    local one = told[index] or {}
    if one.error then
      local word = tostring(one.error):match("^%u+") or ""
      local codes = { WRONGTYPE = "wrong_type", NOPERM = "credentials_refused",
        WRONGPASS = "credentials_refused" }
      fail { code = codes[word] or "refused", message = ("%s: Upstash refused %s: %s"):format(
        call.target, commands[index] and commands[index][1] or "the request", one.error) }
    end
    results[index] = one.result
  end
  return results
end

local function read(call, ...) return ask(call, true, { ... }) end

-- { there, value | digest, expires_at_ms }: of a value that is a secret only its digest is kept.
local function state_from(value, expires_at_ms, secret)
  if value == nil then return { there = false } end
  local state = { there = true }
  if secret then state.digest = digest(value) else state.value = value end
  if (expires_at_ms or 0) > 0 then state.expires_at_ms = expires_at_ms end
  return state
end

local function state_of(call, key, secret)
  local results = ask(call, true, { { "GET", key }, { "PEXPIRETIME", key } },
    secret and { value = "*.result" } or nil)
  return state_from(results[1], results[2], secret)
end

local function status(_, call)
  local answered, answer = pcall(http.post, { url = call.settings.url, path = "/pipeline",
    reads = true, bearer = call.settings.token, timeout = 10,
    json = { { "PING" }, { "DBSIZE" }, { "INFO" } } })
  if not answered then
    if answer.code == "credentials_refused" or answer.code == "cancelled" then error(answer, 0) end
    return { reachable = false }
  end
  local told = answer.json or {}
  local info = told[3] and told[3].result or ""
  local most = tonumber(info:match("maxmemory:(%d+)"))
  return { reachable = told[1] ~= nil and told[1].result == "PONG", latency_s = answer.took_s,
    role = "primary", keys = told[2] and told[2].result,
    memory_bytes = tonumber(info:match("used_memory:(%d+)")),
    memory_max_bytes = most and most > 0 and most or nil }
end

local function get(arguments, call)
  local results = read(call, { "GET", arguments.key }, { "PTTL", arguments.key })
  if results[1] == nil then return nil end
  return { value = results[1], ttl_s = results[2] > 0 and results[2] / 1000 or nil }
end

-- The keys that match, a piece at a time: `take(keys)` is called for each piece.
local function scan(call, pattern, take)
  local cursor = "0"
  repeat
    local found = read(call, { "SCAN", cursor, "MATCH", pattern, "COUNT", scan_count })[1]
    cursor = tostring(found[1])
    take(found[2] or {})
  until cursor == "0"
end

-- A key may come twice: it counts once.
local function count(call, pattern)
  local seen, number = {}, 0
  scan(call, pattern, function(keys)
    for _, key in ipairs(keys) do
      if not seen[key] then seen[key], number = true, number + 1 end
    end
  end)
  return number
end

local function before_set(arguments, call)
  local secret = type(arguments.value) ~= "string"
  local state = state_of(call, arguments.key, secret)
  local stays = not arguments.expires_in and not state.expires_at_ms
  local already = stays and not secret and state.value == arguments.value
  return { state = state, already_so = already, result = already and { changed = false } or nil,
    sign = state.there and "~" or "+", plan = arguments.key }
end

local function set(arguments, _, call)
  local secret = type(arguments.value) ~= "string"
  local command = { "SET", arguments.key, arguments.value }
  if arguments.expires_in then
    command[4] = "PXAT"
    command[5] = ("%d"):format((now() + arguments.expires_in) * 1000)
  end
  ask(call, false, { command })
  return { changed = true }, state_of(call, arguments.key, secret)
end

-- The call that gives a key its recorded value back, with the time it had left.
local function set_again(key, state)
  if state.value == nil then return nil end
  local left_s = state.expires_at_ms and math.max(0.001, state.expires_at_ms / 1000 - now())
  return "set", { key = key, value = state.value, expires_in = left_s }
end

local function before_delete(arguments, call)
  local commands = {}
  for index, key in ipairs(arguments.keys) do commands[index] = { "EXISTS", key } end
  local there = 0
  for _, exists in ipairs(ask(call, true, commands)) do there = there + exists end
  local state = { there = there > 0, count = there }
  if #arguments.keys == 1 then state = state_of(call, arguments.keys[1]) end
  return { state = state, already_so = there == 0, sign = "-",
    result = there == 0 and { changed = false, deleted = 0 } or nil,
    plan = ("%d of %d keys are there"):format(there, #arguments.keys) }
end

-- Of a try whose answer was lost, the count is in what was there before.
local function delete(arguments, before, call)
  local command = { "DEL" }
  for _, key in ipairs(arguments.keys) do command[#command + 1] = key end
  ask(call, false, { command })
  local after = { there = false, count = #arguments.keys > 1 and 0 or nil }
  return { changed = true, deleted = before.count or 1 }, after
end

local function before_sweep(pattern_of)
  return function(arguments, call)
    local pattern = pattern_of(arguments, call)
    local found = count(call, pattern)
    if arguments.delete_at_most and found > arguments.delete_at_most then
      fail { code = "too_many", message = ("%s: %d keys match %s, and at most %d may be deleted. "
        .. "Nothing was deleted."):format(call.target, found, pattern, arguments.delete_at_most) }
    end
    return { state = { matching = found }, already_so = found == 0, sign = "-",
      result = found == 0 and { changed = false, deleted = 0 } or nil,
      plan = ("%d keys match %s"):format(found, pattern) }
  end
end

local function sweep(pattern_of)
  return function(arguments, _, call)
    local deleted, waiting = 0, {}
    local function flush(least)
      while #waiting >= least and #waiting > 0 do
        local command = { "DEL" }
        for _ = 1, math.min(#waiting, arguments.batch_keys or 500) do
          command[#command + 1] = table.remove(waiting)
        end
        deleted = deleted + ask(call, false, { command })[1]
        tell(deleted .. " keys deleted")
        sleep(arguments.pause or 0.01)
      end
    end
    scan(call, pattern_of(arguments, call), function(keys)
      for _, key in ipairs(keys) do waiting[#waiting + 1] = key end
      flush(arguments.batch_keys or 500)
    end)
    flush(1)
    return { changed = deleted > 0, deleted = deleted }, { matching = 0 }
  end
end

local function given_pattern(arguments) return arguments.pattern end

-- Everything is no pattern of sessions.
local function sessions(_, call)
  local pattern = call.settings.sessions or ""
  if pattern:find("[^*?]") then return pattern end
  fail { code = "bad_setting", message = call.target .. ": the setting sessions must be the "
    .. "pattern of the keys that are sessions, such as \"sess:*\"." }
end

return {
  family = "cache", name = "upstash",
  doc = "A Redis database of Upstash, by its REST API. Values are text in UTF-8. Keys are deleted "
    .. "a batch at a time, never by FLUSHDB.",
  hosts = { "{url}" },
  settings = {
    { name = "url", identity = true, doc = "The REST address: https://name-1234.upstash.io." },
    { name = "token", secret = true, doc = "The REST token; not the read-only one." },
    { name = "sessions", optional = true,
      doc = "The pattern of the keys that are sessions, such as \"sess:*\"; for flush_sessions." },
  },
  doctor = { checks = { "the token and the database (status)" },
    cannot = { "whether the token may write: one that only reads is refused only by a write" } },
  operations = {
    status = { observe = status }, get = { observe = get },
    count = { observe = function(arguments, call) return count(call, arguments.pattern) end },
    set = { before = before_set, act = set, restore = function(arguments, before)
      if before.there then return set_again(arguments.key, before) end
      return "delete", { keys = { arguments.key } }
    end },
    delete = { before = before_delete, act = delete, restore = function(arguments, before)
      if #arguments.keys ~= 1 then return nil end
      return set_again(arguments.keys[1], before)
    end },
    delete_matching = { before = before_sweep(given_pattern), act = sweep(given_pattern) },
    flush_sessions = { before = before_sweep(sessions), act = sweep(sessions) },
  },
}
