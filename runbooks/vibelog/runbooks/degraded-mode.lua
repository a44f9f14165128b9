-- Named features off, banner and status page say so; and back to what each feature was before.
local vibelog = require "vibelog"
local way_back = require "patterns.way_back"

local banner_key, remembered = vibelog.banner_prefix .. "degraded", "perilune:degraded"

local function all_features()
  local names = {}
  for name in pairs(vibelog.features) do names[#names + 1] = name end
  table.sort(names)
  return names
end

local function read_memory(redis)
  local found = redis:get { key = remembered }
  return found and json.decode(found.value) or {}
end

-- Sets the variables and proves that the application is well with them; else they are set back.
local function apply(app, name, values, before)
  way_back.step(name, { back_name = "Set the features back",
    back = function() vibelog.apply(app, before, "8m") end }, function()
    vibelog.apply(app, values, "8m")
    -- A provider of AI that is down may be the very reason.
    vibelog.wait_healthy(http("site"), "1m", { "openai" })
  end)
end

-- Off: what each feature was before is remembered, since one that was off must stay so later.
local function switch_off(params, app, redis)
  local memory, values, before = read_memory(redis), {}, {}
  for _, feature in ipairs(params.features) do
    local variable = vibelog.features[feature]
    local now_set = app:get_env({ names = { variable } })[variable]
    before[variable] = now_set and now_set.value or false
    values[variable] = "false"
    if memory[variable] == nil then memory[variable] = before[variable] end
  end
  step("Remember what the features were", function()
    redis:set { key = remembered, value = json.encode(memory) }
  end)
  apply(app, "Switch features off", values, before)
  step("Say so above every page", function()
    redis:set { key = banner_key, value = params.banner }
  end)
  notify("status"):set_component { component = "features", state = "degraded" }
  notify("status"):send { severity = "warning", title = "Some features are switched off",
    text = params.banner }
  return { off = params.features }
end

local function switch_on(app, redis)
  local memory, off, names = read_memory(redis), {}, {}
  for variable in pairs(memory) do
    off[variable] = "false"
    names[#names + 1] = variable
  end
  if #names > 0 then apply(app, "Switch features on again", memory, off) end
  step("Take the banner down", function()
    redis:delete { keys = { banner_key, remembered } }
  end)
  notify("status"):set_component { component = "features", state = "operational" }
  if #names > 0 then
    notify("status"):send { title = "All features are back",
      text = "VibeLog has all its features again. Thank you for your patience." }
  end
  return { on = #names }
end

return runbook {
  summary = "Switch features off and say so, or on again",
  targets = {
    ["deploy/web"] = { "set_env" },
    ["cache/redis"] = { "set", "delete" },
    ["http/site"] = {},
    ["notify/status"] = { "set_component", "send" },
    ["notify/team"] = { "send" },
  },
  parameters = {
    state = { type = "string", enum = { "on", "off" }, required = true,
      help = "degraded mode on, or off again" },
    features = { type = "list", default = all_features(), help = "which are switched off" },
    banner = { type = "string", default = "Some features are switched off while we work on them. "
      .. "Recording and saving go on.", help = "what users and the status page are told" },
    ask_first = { type = "boolean", default = true, help = "ask before features are taken away" },
  },
  locks = { "deploy/web" },
  refuse = function(params)
    for _, feature in ipairs(params.features) do
      if not vibelog.features[feature] then
        return ("There is no feature %s. There are %s."):format(tostring(feature),
          table.concat(all_features(), ", "))
      end
    end
    if #params.features == 0 then return "Name the features that are switched off." end
  end,

  run = function(params)
    local app, redis = deploy("web"), cache("redis")
    if params.state == "off" then
      local result = switch_on(app, redis)
      notify("team"):send { title = "Degraded mode is over", text = "All features are back." }
      return result
    end
    approve("Switch features off?", { role = "release-manager",
      when = function() return params.ask_first end, detail = table.concat(params.features, ", ") })
    local result = switch_off(params, app, redis)
    notify("team"):send { severity = "warning", title = "Degraded mode",
      text = "Off: " .. table.concat(params.features, ", ") }
    return result
  end,
}
