-- The variables that the application needs: their types, prefixes and lengths; and its flags.
local M = {}

local url = "^https?://[%w%.%-:]+"

---{ name, pattern?, prefix?, length_min?, one_of?, optional? }
M.schema = {
  { name = "NODE_ENV", one_of = { "development", "staging", "production" } },
  { name = "NEXT_PUBLIC_APP_URL", pattern = url },
  { name = "DATABASE_URL", pattern = "^postgres%a*://" },
  { name = "DIRECT_URL", pattern = "^postgres%a*://" },
  { name = "NEXTAUTH_SECRET", length_min = 32 },
  { name = "NEXTAUTH_URL", pattern = url },
  { name = "OPENAI_API_KEY", prefix = "sk-" },
  { name = "ANTHROPIC_API_KEY", optional = true },
  { name = "SUPABASE_URL", pattern = url },
  { name = "SUPABASE_ANON_KEY" },
  { name = "SUPABASE_SERVICE_ROLE_KEY" },
  { name = "SENTRY_DSN", pattern = url, optional = true },
  { name = "POSTHOG_KEY", optional = true },
  { name = "RESEND_API_KEY", optional = true },
  { name = "STRIPE_SECRET_KEY", optional = true },
}

---What each environment switches on.
M.flags = {
  development = { FEATURE_NEW_EDITOR = "true", FEATURE_BATCH_PROCESSING = "true",
    FEATURE_TEAM_FEATURES = "true", FEATURE_DEBUG_MODE = "true" },
  staging = { FEATURE_NEW_EDITOR = "true", FEATURE_BATCH_PROCESSING = "false",
    FEATURE_TEAM_FEATURES = "false", FEATURE_DEBUG_MODE = "false" },
  production = { FEATURE_NEW_EDITOR = "false", FEATURE_BATCH_PROCESSING = "false",
    FEATURE_TEAM_FEATURES = "false", FEATURE_DEBUG_MODE = "false" },
}

local function has(list, wanted)
  for _, one in ipairs(list) do
    if one == wanted then return true end
  end
  return false
end

-- Of a secret only the digest is shown: that it is there is all that can be said of it here.
local function judge(rule, variable)
  if not variable then return not rule.optional and "is not set" or nil end
  local value = variable.value
  if value == nil then return nil end
  if value == "" then return "is empty" end
  if rule.one_of and not has(rule.one_of, value) then
    return "must be one of " .. table.concat(rule.one_of, ", ")
  end
  if rule.prefix and value:sub(1, #rule.prefix) ~= rule.prefix then
    return "must begin with " .. rule.prefix
  end
  if rule.length_min and #value < rule.length_min then
    return ("must have %d characters or more"):format(rule.length_min)
  end
  if rule.pattern and not value:find(rule.pattern) then return "has not the form it must have" end
  return nil
end

---What is wrong with an application's variables, as get_env gives them: a list of texts.
function M.problems(variables)
  local problems = {}
  for _, rule in ipairs(M.schema) do
    local problem = judge(rule, variables[rule.name])
    if problem then problems[#problems + 1] = rule.name .. " " .. problem end
  end
  return problems
end

---Which flags are not as `environment` wants them: a list of texts.
function M.flag_problems(variables, environment)
  local problems, names = {}, {}
  for name in pairs(M.flags[environment]) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local wanted, found = M.flags[environment][name], variables[name] or {}
    if found.value ~= wanted then
      problems[#problems + 1] = ("%s must be %s, and is %s"):format(name, wanted,
        tostring(found.value or "not set"))
    end
  end
  return problems
end

return M
