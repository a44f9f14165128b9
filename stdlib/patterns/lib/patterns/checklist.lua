-- Checklists of points that a program can check and points that only a person can.
local options = require "patterns.options"

local M = {}

local point_shape = {
  name = { "text", required = true }, check = { "function" }, ask = { "text" },
  evidence = { one_of = { "text", "number", "url", "file" }, default = "text" },
  role = { "text" }, within = { "duration" }, judge = { "function" },
}

local function check_by_program(point)
  local ended, found = pcall(point.check)
  local row = { name = point.name, how = "automated", passed = ended }
  if not ended then
    row.evidence = tostring(found.message or found)
    return row
  end
  -- What only the run will find is taken for good in a plan.
  row.evidence = tostring(found)
  ensure(function()
    if type(found) == "boolean" or found == nil then
      row.passed, row.evidence = found ~= false, nil
    end
    return true
  end, "%s: it is not so", point.name)
  return row
end

-- Who is asked may say that it is not so; a plan knows no answers, and assumes that nobody does.
local function judged(point, answer)
  local row = { name = point.name, how = "manual", passed = true, evidence = tostring(answer) }
  if not point.judge then return row end
  local ended, failure = pcall(ensure, function()
    row.passed = point.judge(answer) and true or false
    return true
  end, "%s: the answer says that it is not so", point.name)
  if not ended then
    row.passed = false
    row.evidence = ("%s: %s"):format(row.evidence, failure.message or failure)
  end
  return row
end

local function check_by_person(point)
  local options_of = { detail = point.ask, evidence = point.evidence, role = point.role,
    within = point.within, otherwise = point.within and "fail" or nil }
  local answered, answer = try(manual, point.name, options_of)
  if not answered then
    if answer.code ~= "not_answered" then error(answer, 0) end
    return { name = point.name, how = "manual", passed = false, evidence = answer.message }
  end
  return judged(point, answer)
end

---For `judge`: false of an answer that begins with the word no. Say so in `ask`.
function M.unless_no(answer)
  return not tostring(answer):lower():find("^%s*no%f[^%a]")
end

---Works through all points, also after one has failed. A point is { name, check = function } (it
---fails where it raises or gives false; what else it gives is its evidence), or { name, ask = text,
---evidence = "text", role?, within?, judge? }, which a person does; unanswered in that time it
---fails, and with judge = function(answer) where that gives false or nil or raises.
---@return table result { passed, failed, rows = list of { name, how, passed, evidence? } }
function M.go(points)
  local wanted = options.read_each(points, point_shape, "checklist.go")
  local result = { passed = 0, failed = 0, rows = {} }
  for place, point in ipairs(wanted) do
    if point.judge and not point.ask then
      error(("item %d of checklist.go has a judge, which is for what a person is asked."):format(
        place), 2)
    end
    if not point.check == not point.ask then
      error(("item %d of checklist.go needs either check or ask."):format(place), 2)
    end
  end
  for place, point in ipairs(wanted) do
    local row = point.check and check_by_program(point) or check_by_person(point)
    local tally = row.passed and "passed" or "failed"
    result.rows[place], result[tally] = row, result[tally] + 1
  end
  return result
end

---Raises `checklist_failed` (safe to try again) where a point has failed, naming all that have.
function M.ensure(result)
  local failed = {}
  for _, row in ipairs(result.rows) do
    if not row.passed then
      failed[#failed + 1] = row.evidence and ("%s: %s"):format(row.name, row.evidence) or row.name
    end
  end
  if #failed > 0 then options.fail("checklist_failed", table.concat(failed, "\n")) end
end

---The result as Markdown: one line a point, ticked or not, with its evidence.
function M.show(result)
  local lines = {}
  for place, row in ipairs(result.rows) do
    local point = ("- [%s] %s (%s)"):format(row.passed and "x" or " ", row.name, row.how)
    -- The evidence is not looked at: a plan may not know it.
    lines[place] = table.concat({ point, row.evidence }, ": ")
  end
  return table.concat(lines, "\n")
end

return M
