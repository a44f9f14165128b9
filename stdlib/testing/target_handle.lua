-- A target of a world: its fields as they are now, its controls, its operations.
local suggest = require "vocabulary.suggest"

local M = {}

---Sorted, with commas.
function M.list_names(names)
  table.sort(names)
  return table.concat(names, ", ")
end

---`ask` asks the simulator; `facts` are the target's controls, operations and fields.
function M.make(ask, id, name, facts)
  return setmetatable({}, {
    __metatable = "target",
    __tostring = function() return name end,
    __newindex = function() error(name .. " cannot be assigned to.", 2) end,
    __index = function(_, word)
      local seen = ask({ kind = "look", world = id, target = name })
      if seen[word] ~= nil then return seen[word] end
      -- By name, also where a field of the same name stands before it: a channel's open incidents.
      if word == "operation" or word == "control" then
        return function(_, wanted, arguments)
          return ask({ kind = word == "control" and "control" or "call", world = id,
            target = name, name = wanted, arguments = arguments or {} })
        end
      end
      if facts.controls[word] then
        return function(_, arguments)
          return ask({ kind = "control", world = id, target = name, name = word,
            arguments = arguments or {} })
        end
      end
      if facts.operations[word] then
        return function(_, arguments)
          return ask({ kind = "call", world = id, target = name, name = word,
            arguments = arguments or {} })
        end
      end
      if facts.fields[word] then return nil end
      local known = {}
      for _, names in ipairs { facts.controls, facts.operations, seen } do
        for known_word in next, names do known[known_word] = true end
      end
      local all = {}
      for known_word in next, known do all[#all + 1] = known_word end
      error(("%s has no %s. It has: %s.%s"):format(name, tostring(word), M.list_names(all),
        suggest.did_you_mean(tostring(word), all)), 2)
    end,
  })
end

return M
