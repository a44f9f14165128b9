-- Eleva's configuration: what Git says it is, what is there, and where the two differ.
local care = require "care"
local options = require "patterns.options"

local M = {}

---Variables whose values are secrets: Git has their names only, the values come from the provider
---of secrets.
M.secret_names = { "CLERK_SECRET_KEY", "STRIPE_SECRET_KEY", "DATABASE_URL",
  "UPSTASH_REDIS_REST_TOKEN", "QSTASH_TOKEN", "BETTERSTACK_API_TOKEN" }

-- A function, since a handle may be made in a run only.
local function secrets_of(prefix)
  local handles = {}
  for _, name in ipairs(M.secret_names) do handles[name] = secret(prefix .. name) end
  return handles
end

---Variables whose values stand in Git, and which must be there.
M.plain = { "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY", "UPSTASH_REDIS_REST_URL",
  "NEXT_PUBLIC_POSTHOG_KEY" }

---Where GitHub's API has a file of the repository.
function M.path_of(file) return "/repos/eleva-care/eleva-care-app/contents/" .. file end

---The configuration in `file` at a commit, branch or tag: { variables = map of name to text,
---project = map of a setting of Vercel's to its value, or nil }.
function M.read(git, file, ref)
  local answer = git:get { path = M.path_of(file), query = { ref = ref } }
  -- GitHub gives the raw text as its own type, so it is not read as JSON by itself.
  local decoded, wanted = pcall(json.decode, answer.body)
  local variables = decoded and type(wanted) == "table" and wanted.variables
  if type(variables) ~= "table" then
    options.fail("bad_configuration", ("%s at %s is no configuration: it needs the map variables.")
      :format(file, ref), "never")
  end
  if wanted.project ~= nil and type(wanted.project) ~= "table" then
    options.fail("bad_configuration", ("%s at %s: project must be a map."):format(file, ref),
      "never")
  end
  for _, name in ipairs(M.plain) do
    if type(variables[name]) ~= "string" then
      options.fail("bad_configuration", ("%s at %s does not say what %s is, so nothing is changed.")
        :format(file, ref, name), "never")
    end
  end
  return wanted
end

local function add(found, name, problem, value)
  found.lines[#found.lines + 1] = ("%s %s"):format(name, problem)
  found.values[name] = value
end

---Where the variables differ. A secret's value cannot be compared here: one that is missing is put
---back, and with `all_secrets` each is set anew, from the secret `secret_prefix` .. its name.
---@return table found { lines, values (to be set), extra (names that Git does not know) }
function M.compare_variables(app, wanted, secret_prefix, all_secrets)
  local there, secrets = app:get_env {}, secrets_of(secret_prefix)
  local found = { lines = {}, values = {}, extra = {} }
  for name, value in pairs(wanted.variables) do
    local now_there = there[name]
    if not now_there then
      add(found, name, "is missing", value)
    elseif now_there.value ~= value then
      add(found, name, "is not what Git says", value)
    end
  end
  for name, handle in pairs(secrets) do
    if not there[name] then
      add(found, name, "is missing (a secret)", handle)
    elseif all_secrets then
      add(found, name, "is set anew (a secret)", handle)
    end
  end
  for name in pairs(there) do
    local known = wanted.variables[name] or secrets[name]
    if not known then found.extra[#found.extra + 1] = name end
  end
  table.sort(found.extra)
  return found
end

-- Where a job sends cannot be read: like a secret's value it can only be set anew.
local function difference(one, cron, anew)
  if not one then return "is missing" end
  if one.cron ~= cron or one.time_zone ~= "UTC" then
    return ("runs at %s %s, not at %s UTC"):format(one.cron, one.time_zone, cron)
  end
  return anew and "is set anew, its address too" or nil
end

---Where the schedules of the jobs differ from the library's own; with `all_jobs` each is set anew.
---@return table found { lines, jobs (names to be put back) }
function M.compare_jobs(jobs, all_jobs)
  local there, found, names = {}, { lines = {}, jobs = {} }, {}
  for _, one in ipairs(jobs:list()) do there[one.job] = one end
  for name in pairs(care.jobs) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local problem = difference(there[name], care.jobs[name].cron, all_jobs)
    if problem then
      found.lines[#found.lines + 1] = ("the job %s %s"):format(name, problem)
      found.jobs[#found.jobs + 1] = name
    end
  end
  return found
end

---Where the project's own settings at Vercel, at `path` of its API, differ from those that Git
---names (`project`, a map of a setting's name to its value); others are not looked at.
---@return table found { lines, wanted (to be set), before (what they were) }
function M.compare_project(platform, path, wanted)
  local found, names = { lines = {}, wanted = {}, before = {} }, {}
  for name in pairs(wanted.project or {}) do names[#names + 1] = name end
  if #names == 0 then return found end
  table.sort(names)
  local there = platform:get { path = path }.json or {}
  for _, name in ipairs(names) do
    local right, now_there = wanted.project[name], there[name]
    if now_there ~= right then
      found.lines[#found.lines + 1] = ("Vercel's setting %s is %s, not %s"):format(name,
        tostring(now_there), tostring(right))
      found.wanted[name], found.before[name] = right, now_there
    end
  end
  return found
end

---Puts the project's settings back. What Vercel showed before is what an undo gives back; of a
---setting that was not there, there is nothing to give back.
function M.put_project_back(platform, path, found)
  if next(found.wanted) == nil then return end
  step("Put Vercel's settings back", {
    undo = function()
      if next(found.before) then platform:patch { path = path, json = found.before } end
    end,
  }, function() platform:patch { path = path, json = found.wanted } end)
end

---Puts schedules back: each at its time, and to its route of the application at `site`.
function M.put_jobs_back(jobs, names, site)
  for _, name in ipairs(names) do
    jobs:upsert { job = name, cron = care.jobs[name].cron, time_zone = "UTC",
      destination = care.job_destination(site, name) }
  end
end

return M
