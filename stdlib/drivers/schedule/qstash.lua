-- Upstash QStash: its schedules are the jobs, what they publish are their runs.

local ended = { DELIVERED = "succeeded", FAILED = "failed", CANCELLED = "failed" }
-- Parts of a schedule that no argument names: they are carried over from what there is.
local carried = { retries = "Upstash-Retries", delay = "Upstash-Delay",
  callback = "Upstash-Callback", failureCallback = "Upstash-Failure-Callback",
  retryDelayExpression = "Upstash-Retry-Delay", label = "Upstash-Label" }

local ask = api.of {
  name = "QStash",
  request = function(call) return { bearer = call.settings.token } end,
  why = function(told) return nil, told.error end,
}

local function path_of(job, word)
  return "/v2/schedules/" .. job .. (word and "/" .. word or "")
end

-- QStash names a zone in front of the schedule.
local function split_cron(text)
  local zone, cron = text:match("^CRON_TZ=(%S+)%s+(.*)$")
  return cron or text, zone or "UTC"
end

local function job_of(one)
  local cron, zone = split_cron(one.cron)
  return { job = one.scheduleId, cron = cron, time_zone = zone,
    state = one.isPaused and "paused" or "active",
    last_at = one.lastScheduleTime and one.lastScheduleTime / 1000,
    next_at = not one.isPaused and one.nextScheduleTime and one.nextScheduleTime / 1000 or nil }
end

-- What schedules send may be secret: it is read as handles only.
local function read_all(call)
  local found = ask(call, "get", "/v2/schedules", { handles = { body = "*.body",
    header = "*.header.*.*" } })
  table.sort(found, function(one, other) return one.scheduleId < other.scheduleId end)
  return found
end

local function read_one(call, job)
  return (ask(call, "get", path_of(job), { handles = { body = "body", header = "header.*.*" } },
    { [404] = false }))
end

local function list(_, call)
  local jobs = {}
  for index, one in ipairs(read_all(call)) do jobs[index] = job_of(one) end
  return jobs
end

-- The states of the jobs that are named, by name. One that is not there stops the whole call.
local function states_of(arguments, call)
  local there, states, names = {}, {}, {}
  for index, job in ipairs(list(nil, call)) do there[job.job], names[index] = job.state, job.job end
  if arguments.jobs ~= "all" then names = arguments.jobs end
  for _, name in ipairs(names) do
    states[name] = there[name]
    if not there[name] then
      fail { code = "not_found", message = ("%s: QStash has no schedule %s. Nothing was changed.")
        :format(call.target, name) }
    end
  end
  return states, names
end

local function names_of(states)
  local names = {}
  for name in pairs(states) do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- pause and resume are one thing each way. Their state names the jobs that change and no others,
-- so that it compares with what the opposite operation reads before it undoes this one.
local function switch(word, to, made, before_too)
  local function result_of(changing, states)
    local so = {}
    for name in pairs(states) do so[name] = not changing[name] or nil end
    return { [made] = names_of(changing), [before_too or "unused"] = before_too and names_of(so),
      changed = next(changing) ~= nil }
  end
  return {
    before = function(arguments, call)
      local states, changing = states_of(arguments, call), {}
      for name, state in pairs(states) do changing[name] = state ~= to and state or nil end
      local result = result_of(changing, states)
      return { state = { states = changing }, already_so = not result.changed, result = result,
        sign = "~", plan = result.changed and word .. " " .. table.concat(result[made], ", ")
          or "nothing to " .. word }
    end,
    -- Only what was found to change is changed: a job that came since is left alone.
    act = function(arguments, before, call)
      local states, after = states_of(arguments, call), {}
      for name in pairs(before.states) do
        if states[name] and states[name] ~= to then ask(call, "post", path_of(name, word)) end
        after[name] = to
      end
      return result_of(before.states, states), { states = after }
    end,
    restore = function(_, _, result)
      if #result[made] == 0 then return nil end
      return word == "pause" and "resume" or "pause", { jobs = result[made] }
    end,
  }
end

-- Exactly this schedule can be made again from the arguments of upsert.
local function is_plain(one)
  return (one.method or "POST") == "POST" and not one.body and next(one.header or {}) == nil
end

-- A schedule as states compare it.
local function state_of(one)
  if not one then return { there = false } end
  local job = job_of(one)
  return { there = true, cron = job.cron, time_zone = job.time_zone, state = job.state,
    destination = one.destination, plain = is_plain(one) or nil }
end

-- Headers of a request that makes what this schedule makes.
local function headers_of(one)
  local headers = { ["Upstash-Method"] = one.method }
  for field, header in pairs(carried) do
    if one[field] and one[field] ~= "" then headers[header] = tostring(one[field]) end
  end
  for name, values in pairs(one.header or {}) do
    local plain = name:lower() == "content-type"
    headers[plain and name or "Upstash-Forward-" .. name] = values[1]
  end
  return headers
end

local function wanted_of(arguments, found)
  return { there = true, cron = arguments.cron, time_zone = arguments.time_zone,
    destination = arguments.destination, state = arguments.state or found.state or "active" }
end

local function equal(left, right)
  for _, field in ipairs { "there", "cron", "time_zone", "destination", "state" } do
    if left[field] ~= right[field] then return false end
  end
  return true
end

local function upsert(arguments, _, call)
  local there = read_one(call, arguments.job)
  local wanted = wanted_of(arguments, there and job_of(there) or {})
  local headers = there and headers_of(there) or {}
  headers["Upstash-Schedule-Id"] = arguments.job
  headers["Upstash-Cron"] = wanted.time_zone == "UTC" and wanted.cron
    or "CRON_TZ=" .. wanted.time_zone .. " " .. wanted.cron
  local made, why = pcall(ask, call, "post", "/v2/schedules/" .. arguments.destination,
    { headers = headers, body = there and there.body }, { [400] = "bad_cron", [412] = "bad_cron" })
  if not made then
    local zone = why.code == "bad_cron" and why.message:lower():find("location", 1, true)
    if zone then why.code = "bad_time_zone" end
    error(why, 0)
  end
  local now_there = read_one(call, arguments.job)
  if job_of(now_there).state ~= wanted.state then
    ask(call, "post", path_of(arguments.job, wanted.state == "paused" and "pause" or "resume"))
    now_there = read_one(call, arguments.job)
  end
  local job = job_of(now_there)
  job.changed = true
  return job, state_of(now_there)
end

local function before_delete(arguments, call)
  local there = read_one(call, arguments.job)
  local state = state_of(there)
  return { state = state, already_so = not there, result = { changed = false }, sign = "-",
    plan = arguments.job
      .. (there and not state.plain and " (it sends more than undo knows)" or "") }
end

local function again(arguments, before)
  return "upsert", { job = arguments.job, cron = before.cron, time_zone = before.time_zone,
    destination = before.destination, state = before.state }
end

-- The runs that QStash's log knows of: one for each message, newest first.
local function runs_of(call, query)
  local by_id, order = {}, {}
  local events = http.pages(function(cursor)
    query.cursor = cursor
    local told = ask(call, "get", "/v2/logs", { query = query, handles = { body = "logs.*.body",
      header = "logs.*.header.*.*" } })
    return told.logs, told.cursor
  end)
  for _, event in ipairs(events) do
    local at, run = event.time / 1000, by_id[event.messageId]
    if not run then
      run = { job = event.scheduleId, started_at = at, state = "running",
        message = event.messageId }
      by_id[event.messageId], order[#order + 1] = run, run
    end
    run.started_at = math.min(run.started_at, at)
    if ended[event.state] then run.state, run.ended_at = ended[event.state], at end
  end
  for _, run in ipairs(order) do run.for_at = run.started_at end
  table.sort(order, function(one, other) return one.started_at > other.started_at end)
  return order
end

local function runs(arguments, call)
  local found = runs_of(call, { scheduleId = arguments.job,
    fromDate = math.floor(arguments.since * 1000) })
  for index = #found, arguments.limit + 1, -1 do found[index] = nil end
  for _, run in ipairs(found) do run.job, run.message = arguments.job, nil end
  return found
end

-- QStash drops a second message under one id for ten minutes only; its log remembers the label.
local function run_now(arguments, _, call)
  local schedule = read_one(call, arguments.job)
  if not schedule then
    fail { code = "not_found", message = ("%s: QStash has no schedule %s."):format(call.target,
      arguments.job) }
  end
  local id = arguments.for_at and ("%s-%d"):format(arguments.job, arguments.for_at) or call.key
  local label = "perilune-" .. id
  local run = runs_of(call, { label = label })[1]
  local changed = not run
  if not run then
    local headers = headers_of(schedule)
    headers["Upstash-Label"], headers["Upstash-Deduplication-Id"] = label, id
    ask(call, "post", "/v2/publish/" .. schedule.destination,
      { headers = headers, body = schedule.body })
  end
  while not run or run.state == "running" do
    sleep(1)
    run = runs_of(call, { label = label })[1]
  end
  run.job, run.message, run.changed = arguments.job, nil, changed
  run.for_at = arguments.for_at or run.started_at
  return run
end

return {
  family = "schedule", name = "qstash",
  doc = "The schedules of Upstash QStash; a job is known by its schedule's id, its destination is "
    .. "a URL or URL group. What a schedule sends besides (body, headers, method, retries) stays "
    .. "when "
    .. "its time is changed; a schedule that sends any is not given back after a deletion.",
  hosts = { "{url}" },
  settings = {
    { name = "token", secret = true, doc = "The QStash token." },
    { name = "url", identity = true, default = "https://qstash.upstash.io",
      doc = "Where the API is; regions have their own." },
  },
  doctor = { checks = { "the token, by the schedules (list)" } },
  operations = {
    list = { observe = list },
    get = { observe = function(arguments, call)
      local one = read_one(call, arguments.job)
      return one and job_of(one)
    end },
    runs = { observe = runs },
    pause = switch("pause", "paused", "paused", "paused_before"),
    resume = switch("resume", "active", "resumed"),
    run_now = { act = run_now, before = function(arguments, _)
      return { sign = "+", plan = arguments.job .. " once" }
    end },
    upsert = { before = function(arguments, call)
      local one = read_one(call, arguments.job)
      local state, result = state_of(one), one and job_of(one)
      local already = one ~= nil and equal(state, wanted_of(arguments, state))
      if already then result.changed = false end
      return { state = state, already_so = already, result = already and result or nil,
        sign = one and "~" or "+", plan = arguments.job .. " " .. arguments.cron }
    end, act = upsert, restore = function(arguments, before)
      if before.there then return again(arguments, before) end
      return "delete", { job = arguments.job }
    end },
    delete = { before = before_delete, act = function(arguments, _, call)
      ask(call, "delete", path_of(arguments.job), nil, { [404] = false })
      return { changed = true }, { there = false }
    end, restore = function(arguments, before)
      if before.plain then return again(arguments, before) end
    end },
  },
}
