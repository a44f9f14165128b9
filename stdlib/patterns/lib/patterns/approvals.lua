-- Approvals by several different people, none of them the one who started the run.
local options = require "patterns.options"

local M = {}

local shape = { role = { "text" }, detail = { "text" }, within = { "duration" },
  otherwise = { "any" }, people = { "count", default = 2 }, when = { "function" } }

---Asks for the approval of two (or more) different people; who started the run is never one of
---them. Raises `rejected` the first time somebody refuses. The environment's policy may ask for
---more people, never for fewer. Options: role, detail, within, otherwise, people = 2, when.
function M.two_people(name, given)
  local read = options.read(given, shape, "approvals.two_people")
  if read.people < 2 then
    error("The option people of approvals.two_people must be at least 2.", 2)
  end
  return approve(name, { role = read.role, detail = read.detail, within = read.within,
    otherwise = read.otherwise, count = read.people, not_starter = true, when = read.when })
end

return M
