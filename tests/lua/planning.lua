-- What cases about plans do again and again.
local planning = {}

function planning.plan(w, more)
  return w:perilune("plan book --environment here " .. (more or ""))
end

function planning.digest_of(ended)
  local digest = ended.all:match("%-%-plan (%x+)")
  if not digest then error("No plan was offered.\n" .. ended.all, 0) end
  return digest
end

-- Plans what a waiting run would still do, approves exactly that, and goes on.
function planning.approve_the_rest(w)
  local rest = w:perilune("plan --continue case"):exits(0)
  w:perilune("approve case --plan " .. planning.digest_of(rest)):exits(0)
  return rest
end

function planning.follow(w, more)
  planning.plan(w, "--out @W@/plan.json"):exits(0)
  return w:run("--plan " .. w.folder .. "/plan.json " .. (more or ""))
end

planning.beyond_a_branch = [[
  local made = storage("box"):put { key = "a", body = "1" }
  if made.changed then storage("box"):put { key = "b", body = "2" } end
]]

return planning
