-- "Did you mean": the nearest of the names that would have been right.
local M = {}

local word_bytes_max = 60

-- Edits (insert, remove, replace, swap of neighbours) that lead from one word to the other.
local function distance(left, right)
  local before, last, row = {}, {}, {}
  for j = 0, #right do last[j] = j end
  for i = 1, #left do
    row[0] = i
    for j = 1, #right do
      local same = left:byte(i) == right:byte(j)
      row[j] = math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (same and 0 or 1))
      if i > 1 and j > 1 and left:byte(i) == right:byte(j - 1)
        and left:byte(i - 1) == right:byte(j) then
        row[j] = math.min(row[j], before[j - 2] + 1)
      end
    end
    before, last, row = last, row, before
  end
  return last[#right]
end

---The candidate nearest to `wrong`, or nil where none is near enough. Of equally near ones the
---first.
---@param wrong string
---@param candidates string[]
---@return string?
function M.nearest(wrong, candidates)
  if #wrong > word_bytes_max then return nil end
  local best
  local best_distance = math.max(1, math.floor(#wrong / 3))
  for _, candidate in ipairs(candidates) do
    if candidate ~= "" and #candidate <= word_bytes_max then
      local edits = distance(wrong, candidate)
      if edits < best_distance or (edits == best_distance and not best) then
        best, best_distance = candidate, edits
      end
    end
  end
  return best
end

---` Did you mean "get"?`, or "" where no candidate is near enough.
---@param wrong string
---@param candidates string[]
---@return string
function M.did_you_mean(wrong, candidates)
  local found = M.nearest(wrong, candidates)
  return found and (" Did you mean \"%s\"?"):format(found) or ""
end

return M
