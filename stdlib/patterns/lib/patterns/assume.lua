-- Questions that only a run can answer: a plan lists the usual answer as assumed, and goes on.
local M = {}

---Whether `condition()` is true. Where, in a plan, it looks into what only the run will know, it is
---taken for true, and the plan lists under "Assumed to hold" that `otherwise` (a text, which
---further arguments fill) is not so. An error of `condition` is raised as it is.
---
---For what is nearly always so, and where the other way would leave nothing to plan.
---@return boolean
function M.holds(condition, otherwise, ...)
  local held, failure = pcall(ensure, condition, otherwise, ...)
  if not held and failure.code ~= "ensure_failed" then error(failure, 0) end
  return held
end

return M
