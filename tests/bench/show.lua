-- Prints what was measured: each group's rows with their ratios, then every goal and whether it is
-- met.
local measure = require("measure")

local M = {}

-- Visits the rows of a group that are measured, Perilune's own first.
function M.each_row(group, visit)
  for _, row in ipairs(group.rows) do
    if row.sample then
      visit(row)
    end
  end
end

-- What was measured of a row by its kind: its own value, one of the things beside it, or the ratio
-- of Perilune's value to its own; nil where it was not.
local function figure(group, row, kind)
  if kind == "ratio" then
    local ours, theirs = figure(group, group.rows[1], "value"), figure(group, row, "value")
    return ours and theirs and ours / theirs
  end
  local values = row.figures and row.figures[kind]
  return values and measure.median(values)
end

local function print_row(group, row)
  local line = ("  %-36s %10.1f %-6s"):format(row.name, figure(group, row, "value"), group.unit)
  local each, mib = figure(group, row, "flushes"), figure(group, row, "mib")
  if each then
    line = line .. (" %7.3f flushes each"):format(each)
  end
  if mib then
    line = line .. (" %6.1f MiB at most"):format(mib)
  end
  local ratio = row ~= group.rows[1] and figure(group, row, "ratio")
  if ratio then
    line = line .. ("   ratio %.3g"):format(ratio)
  end
  print((line:gsub("%s+$", "")))
end

local function print_goal(group, row, goal)
  local kind, value = goal.of or "value", figure(group, row, goal.of or "value")
  local bound, verdict = goal.at_most or goal.at_least, "not measured"
  if value then
    local met = goal.at_most and value <= bound or goal.at_least and value >= bound
    verdict = met and "met" or "not met"
  end
  local units = {
    value = group.unit, flushes = "flushes each", ratio = "× " .. row.name,
  }
  print(("  %-12s  %s: %s %s %s%s"):format(verdict, group.title, goal.at_most and "≤" or "≥", bound,
    units[kind], value and ("; it is %.4g"):format(value) or ""))
end

function M.goals(groups)
  print("Goals")
  for _, group in ipairs(groups) do
    for _, row in ipairs(group.rows) do
      for _, goal in ipairs(row.goals or {}) do
        print_goal(group, row, goal)
      end
    end
  end
end

function M.groups(groups)
  for _, group in ipairs(groups) do
    print(group.title)
    M.each_row(group, function(row)
      print_row(group, row)
    end)
  end
end

-- What could not be measured, one line each.
function M.skipped(groups)
  for _, group in ipairs(groups) do
    for _, row in ipairs(group.rows) do
      if not row.sample then
        print(("skipped: %s: %s: %s"):format(group.title, row.name, row.reason))
      end
    end
  end
end

return M
