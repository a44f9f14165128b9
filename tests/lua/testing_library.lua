-- What cases about tests and explorations share: libraries in a case's world, and what they told.
local rig = require("rig")

local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/../../stdlib/?.lua;" .. package.path
local json = require("vocabulary.json_reader")

local M = {}

---The section below a heading of a page of docs/.
function M.section(name, heading)
  local text = assert(rig.read(here .. "/../../docs/" .. name)) .. "\n## "
  local _, first = text:find("\n## " .. heading .. "\n", 1, true)
  return text:sub(first + 1, text:find("\n## ", first, true))
end

---Makes a library of the repository the case's own: "tests/lua/fixtures/seeded".
function M.take(w, path)
  local _, code = rig.shell(("rm -rf %s && cp -r %s %s"):format(rig.quoted(w.folder .. "/library"),
    rig.quoted(here .. "/../../" .. path), rig.quoted(w.folder .. "/library")))
  w:equal(0, code, "copying " .. path)
end

---What a command wrote to standard output as JSON.
function M.told(ended)
  local ok, value = pcall(json.read, ended.out)
  if not ok or type(value) ~= "table" then
    error("This is no JSON:\n" .. ended.out .. "\n" .. ended.err, 0)
  end
  return value
end

---The one of a list whose `field` is `value`; nil where there is none.
function M.find(list, field, value)
  for _, one in ipairs(list) do
    if one[field] == value then return one end
  end
end

---The values of one field, joined: "passed failed".
function M.joined(list, field)
  local all = {}
  for index, one in ipairs(list) do all[index] = tostring(one[field]) end
  return table.concat(all, " ")
end

return M
