-- What a test sees of a whole world: messages that went out, operations that were called.
local target_handle = require "testing.target_handle"

local M = {}

---Every message that went out, oldest first.
function M.sent(self, ask)
  local all = {}
  for target, facts in next, self.targets do
    if target:find("^notify/") and not facts.same_as then
      for _, message in ipairs(ask({ kind = "look", world = self.id, target = target }).sent) do
        message.target = target
        all[#all + 1] = message
      end
    end
  end
  table.sort(all, function(one, other)
    if one.at ~= other.at then return one.at < other.at end
    return one.target < other.target
  end)
  return all
end

---The lines of the messages that went out, to `target` or to anybody, as one text.
function M.told(self, ask, target)
  local facts = target and self.targets[tostring(target)]
  if target and not (facts and tostring(target):find("^notify/")) then
    error(("told needs a target of the family notify of this world, but got %s.")
      :format(tostring(target)), 2)
  end
  local own_name, lines = facts and facts.same_as or tostring(target), {}
  for _, message in ipairs(M.sent(self, ask)) do
    if not target or message.target == own_name then lines[#lines + 1] = message.line end
  end
  return table.concat(lines, "\n")
end

---How often an operation was called since the world was prepared.
function M.times(self, ask, operation)
  target_handle.read_operation(self.targets, operation, "times", "whole")
  for _, call in ipairs(ask({ kind = "calls", world = self.id })) do
    if call.name == operation then return call.times end
  end
  return 0
end

---The place, among all effects, of an operation's first one behind `from`: of its first one since
---the world was prepared, where that is left out. Nil where it has none.
function M.place(self, ask, operation, from)
  target_handle.read_operation(self.targets, operation, "place", "whole")
  for place, effect in ipairs(ask({ kind = "effects", world = self.id })) do
    local is_later = place > (from or self.prepared_at)
    if is_later and effect.target .. ":" .. effect.operation == operation then return place end
  end
  return nil
end

---Every change that was sent, oldest first: { "dns/site:upsert", arguments, outcome }. The tries of
---one are told as its last; secrets are their names.
function M.changes(self, ask)
  local all, places = {}, {}
  for _, effect in ipairs(ask({ kind = "changes", world = self.id })) do
    local place = places[effect.key]
    if place then all[place] = false end
    all[#all + 1] = { effect.target .. ":" .. effect.operation, effect.arguments, effect.outcome }
    places[effect.key] = #all
  end
  local told = {}
  for _, one in ipairs(all) do
    if one then told[#told + 1] = one end
  end
  return told
end

return M
