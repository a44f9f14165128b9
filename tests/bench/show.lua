-- Prints what was measured: each group's rows, their ratios, and the goals they meet or miss.
local measure = require("measure")

local M = {}

-- Visits the rows of a group that are measured, Perilune's own first.
function M.each_row(group, visit)
  if group.ours then
    visit(group.ours)
  end
  for _, row in ipairs(group.rows) do
    if not row.skipped then
      visit(row)
    end
  end
end

local function verdict(value, goal)
  if not goal then
    return ""
  end
  return (" (goal ≤ %g: %s)"):format(goal, value <= goal and "met" or "missed")
end

local function print_row(group, row)
  local value = measure.median(row.values)
  local line = ("  %-36s %10.1f %-6s"):format(row.name, value, group.unit)
  if #row.flushes > 0 then
    local each = measure.median(row.flushes)
    line = line .. (" %6.2f flushes each"):format(each) .. verdict(each, row.flushes_goal)
  end
  if group.ours and row ~= group.ours then
    local ours = measure.median(group.ours.values)
    local ratio = group.more_is_better and value / ours or ours / value
    line = line .. ("   ratio %.3g"):format(ratio) .. verdict(ratio, row.goal)
  end
  print((line:gsub("%s+$", "")))
end

-- What could not be measured comes last, one line each.
function M.groups(groups)
  local skipped = {}
  for _, group in ipairs(groups) do
    if group.skipped then
      skipped[#skipped + 1] = group.title .. ": " .. group.skipped
    end
    if group.ours or #group.rows > 0 then
      print(group.title)
      M.each_row(group, function(row)
        print_row(group, row)
      end)
    end
    for _, row in ipairs(group.rows) do
      if row.skipped then
        skipped[#skipped + 1] = row.name .. ": " .. row.skipped
      end
    end
  end
  for _, line in ipairs(skipped) do
    print("skipped: " .. line)
  end
end

return M
