-- A target of a world: its fields as they are now, its controls, its operations.
local suggest = require "vocabulary.suggest"

local M = {}

---The keys of a table, sorted.
function M.keys(set)
  local names = {}
  for name in next, set do names[#names + 1] = name end
  table.sort(names)
  return names
end

---Sorted, with commas.
function M.list_names(names)
  table.sort(names)
  return table.concat(names, ", ")
end

---The target and the operation of "dns/site:upsert". What this world has not is an error, of the
---test's own line: a name with a mistake in it would never be called. `word` is who asks; where
---`extent` is "whole", the target alone, which means all of its operations, is an error too.
function M.read_operation(targets, text, word, extent)
  local target, operation = tostring(text):match("^([^:]+):?(.*)$")
  local facts = targets[target]
  if not facts or extent == "whole" and operation == "" then
    error(("%s needs %s of this world, as in \"dns/site:upsert\", but got %s.%s"):format(word,
      extent == "whole" and "an operation of a target" or "a target", tostring(text),
      suggest.did_you_mean(tostring(target), M.keys(targets))), 3)
  end
  if operation ~= "" and not facts.operations[operation] then
    error(("%s has no operation %s.%s"):format(target, operation,
      suggest.did_you_mean(operation, M.keys(facts.operations))), 3)
  end
  return target, operation
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
