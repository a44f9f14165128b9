-- Application Load Balancers in front of slots: how a rule, or a listener's default, shares the
-- requests out, and how many targets of a group are healthy.
--
-- The settings `rule` or `listener` name what shares out; a slot is a name with its target group.
local aws = require "driver.aws"
local calls = require "driver.calls"
local errors = require "vocabulary.errors"
local xml = require "driver.xml"

local M = {}

local function ask(call, action, parameters)
  return aws.query { call = call, service = "elasticloadbalancing", action = action,
    parameters = parameters }
end

local function raise(call, code, message, ...)
  errors.raise(code, call.target .. ": " .. message:format(...), "never", calls.position())
end

-- The one forward action: weights by target group, and whether clients stay with a group.
local function read(call)
  local rule, listener = call.settings.rule, call.settings.listener
  if not rule and not listener then
    raise(call, "unsupported", "no load balancer shares its traffic out. Give rule or listener in "
      .. "the environment.")
  end
  local root = rule and ask(call, "DescribeRules", { RuleArns = { rule } })
    or ask(call, "DescribeListeners", { ListenerArns = { listener } })
  local actions = xml.all(root, rule and "Rules.member.Actions.member"
    or "Listeners.member.DefaultActions.member")
  local forward = actions[1]
  if #actions ~= 1 or xml.text(forward, "Type") ~= "forward" then
    raise(call, "unsupported", "%s does more than forward requests, so its weights are not "
      .. "changed here.", rule or listener)
  end
  local weights = {}
  for _, group in ipairs(xml.all(forward, "ForwardConfig.TargetGroups.member")) do
    weights[xml.text(group, "TargetGroupArn")] = tonumber(xml.text(group, "Weight") or 1)
  end
  if not next(weights) then weights[xml.text(forward, "TargetGroupArn")] = 1 end
  local stickiness = xml.all(forward, "ForwardConfig.TargetGroupStickinessConfig")[1]
  return weights, stickiness
end

-- Whole percents that are 100 together, by slot; `groups` has each slot's target group.
local function percents(call, weights, groups)
  local total, left, largest, shares = 0, 100, nil, {}
  for _, weight in pairs(weights) do total = total + weight end
  for slot, group in pairs(groups) do
    local weight = weights[group] or 0
    shares[slot] = total > 0 and math.floor(weight * 100 / total) or 0
    left, weights[group] = left - shares[slot], nil
    if not largest or shares[slot] > shares[largest] then largest = slot end
  end
  for group, weight in pairs(weights) do
    if weight > 0 then
      raise(call, "unsupported", "%s gets requests too, and is the target group of no slot.", group)
    end
  end
  if total > 0 then shares[largest] = shares[largest] + left end
  return shares
end

---The share of every slot. `groups` is a map of slots to target groups.
function M.traffic(groups, call) return percents(call, (read(call)), groups) end

local function write(shares, groups, call)
  local _, stickiness = read(call)
  local sharing = {}
  for slot, group in pairs(groups) do
    sharing[#sharing + 1] = { TargetGroupArn = group, Weight = shares[slot] or 0 }
  end
  local forward = { TargetGroups = sharing }
  if stickiness then
    forward.TargetGroupStickinessConfig = { Enabled = xml.text(stickiness, "Enabled") == "true",
      DurationSeconds = xml.text(stickiness, "DurationSeconds") }
  end
  local actions = { { Type = "forward", ForwardConfig = forward } }
  if call.settings.rule then
    ask(call, "ModifyRule", { RuleArn = call.settings.rule, Actions = actions })
  else
    ask(call, "ModifyListener", { ListenerArn = call.settings.listener, DefaultActions = actions })
  end
end

local function same(one, other)
  for slot, share in pairs(one) do
    if share ~= (other[slot] or 0) then return false end
  end
  return true
end

---The operation shift_traffic; `groups_of(call)` gives the slots' target groups.
function M.shift_traffic(groups_of)
  return {
    before = function(arguments, call)
      local groups = groups_of(call)
      for slot in pairs(arguments.weights) do
        if not groups[slot] then
          raise(call, "not_found", "there is no slot %s with a target group.", slot)
        end
      end
      local shares = M.traffic(groups, call)
      return { state = shares, already_so = same(shares, arguments.weights), sign = "~",
        result = { before = shares, after = shares, changed = false } }
    end,
    act = function(arguments, before, call)
      local groups = groups_of(call)
      write(arguments.weights, groups, call)
      local shares = M.traffic(groups, call)
      return { before = before, after = shares, changed = true }, shares
    end,
    restore = function(_, before, result)
      if result.changed then return "shift_traffic", { weights = before } end
    end,
  }
end

---How many targets of a group are healthy. A group that no listener forwards to has none.
function M.healthy(group, call)
  local count = 0
  local root = ask(call, "DescribeTargetHealth", { TargetGroupArn = group })
  for _, state in ipairs(xml.all(root, "TargetHealthDescriptions.member.TargetHealth.State")) do
    if state.text == "healthy" then count = count + 1 end
  end
  return count
end

---The host name of the load balancer in front of a group; nil where there is none.
function M.host(group, call)
  local root = ask(call, "DescribeTargetGroups", { TargetGroupArns = { group } })
  local balancer = xml.text(root, "TargetGroups.member.LoadBalancerArns.member")
  if not balancer then return nil end
  root = ask(call, "DescribeLoadBalancers", { LoadBalancerArns = { balancer } })
  return xml.text(root, "LoadBalancers.member.DNSName")
end

return M
