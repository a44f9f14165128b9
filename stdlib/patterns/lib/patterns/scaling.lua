-- Scaling rules: up when anything is short, down when everything is idle, never twice in a row.
local options = require "patterns.options"
local way_back = require "patterns.way_back"

local M = {}

local rule_shape = { name = { "text", required = true }, above = { "number" }, below = { "number" },
  lasting = { "duration", default = "5m" }, step = { "duration", default = "1m" } }
local rules_shape = { up = { "list", required = true }, down = { "list", required = true },
  least = { "count", default = 1 }, most = { "count", required = true } }

local function key_of(rule) return rule.name .. (rule.above and " above" or " below") end

-- Reads the rules of scaling.NAME, for errors at the line of its user.
local function read_rules(rules, of)
  local read = options.read(rules, rules_shape, of, 4)
  read.up = options.read_each(read.up, rule_shape, of .. ": up", 4)
  read.down = options.read_each(read.down, rule_shape, of .. ": down", 4)
  for _, side in ipairs { "up", "down" } do
    for place, rule in ipairs(read[side]) do
      if not rule.above == not rule.below then
        error(("item %d of %s: %s needs either above or below."):format(place, of, side), 3)
      end
    end
  end
  return read
end

---Whether one rule holds for all of its samples ({ at, value }, oldest first). It never does
---without samples, nor where the first is later than `from` (Unix seconds): nobody knows the rest.
function M.holds(samples, rule, from)
  if #samples == 0 or from and samples[1].at > from then return false end
  for _, sample in ipairs(samples) do
    if rule.above and not (sample.value > rule.above) then return false end
    if rule.below and not (sample.value < rule.below) then return false end
  end
  return true
end

---How many instances there should be. Any rule of `up` that holds adds one; `down` takes one away
---where all of its rules hold and none of `up` does; never beyond `least` and `most`.
---@param holding table<string, boolean> By a rule's name and side, as in "cpu above".
---@return integer instances, string why
function M.decide(rules, instances, holding)
  local read = read_rules(rules, "scaling.decide")
  local short = {}
  for _, rule in ipairs(read.up) do
    if holding[key_of(rule)] then short[#short + 1] = rule.name end
  end
  if #short > 0 then
    local why = table.concat(short, ", ") .. " over the limit"
    if instances >= read.most then return read.most, why .. ", but no more may run" end
    return math.max(instances + 1, read.least), why
  end
  local idle = #read.down > 0
  for _, rule in ipairs(read.down) do
    idle = idle and holding[key_of(rule)] == true
  end
  if idle and instances > read.least then return instances - 1, "everything is idle" end
  return math.max(read.least, math.min(read.most, instances)), "nothing to do"
end

---Reads each rule's metric over the time that it must last, and tells which rules hold.
---@return table<string, boolean> holding, string[] unknown Names of metrics without samples.
function M.look(metrics_target, rules)
  options.target(metrics_target, "metrics", "scaling.look")
  local read = read_rules(rules, "scaling.look")
  local holding, unknown = {}, {}
  for _, side in ipairs { "up", "down" } do
    for _, rule in ipairs(read[side]) do
      local since = now() - rule.lasting
      local samples = metrics_target:range { name = rule.name, since = since, step = rule.step }
      if #samples == 0 then unknown[#unknown + 1] = rule.name end
      holding[key_of(rule)] = M.holds(samples, rule, since + 2 * rule.step)
    end
  end
  return holding, unknown
end

local apply_shape = { rules = { "table", required = true }, holding = { "table", required = true },
  within = { "duration", default = "5m" }, marker = { "target" },
  marker_key = { "text", default = "perilune:scaled" },
  cool_down = { "duration", default = "5m" } }

---Scales by one instance where the rules say so, waits until all are healthy, and remembers it in
---`marker` (a cache target) for the cool-down, in which nothing is scaled again.
---
---A marker that cannot be read or written stops it: without it two runs could scale twice. Options:
---rules, holding (as `look` gives it), within = 5 m, marker, marker_key, cool_down = 5 m.
---@return table { before, instances, why }
function M.apply(app, given)
  options.target(app, "deploy", "scaling.apply")
  local read = options.read(given, apply_shape, "scaling.apply")
  local before = app:status().instances
  local wanted, why = M.decide(read.rules, before, read.holding)
  if wanted == before then return { before = before, instances = before, why = why } end
  if read.marker and read.marker:get { key = read.marker_key } then
    return { before = before, instances = before, why = why .. ", but it is still cooling down" }
  end
  return way_back.step("Scale", { back_name = "Scale back",
    back = function() app:scale { instances = before } end }, function()
    if read.marker then
      read.marker:set { key = read.marker_key, value = tostring(wanted),
        expires_in = read.cool_down }
    end
    app:scale { instances = wanted }
    app:wait_healthy { instances = wanted, within = read.within }
    return { before = before, instances = wanted, why = why }
  end)
end

return M
