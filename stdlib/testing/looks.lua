-- What a test sees of a whole world: messages that went out, changes that were made.
local M = {}

---Every message that went out, oldest first.
function M.sent(self, ask)
  local all = {}
  for target in next, self.targets do
    if target:find("^notify/") then
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
