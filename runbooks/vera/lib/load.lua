-- How many instances a load needs, and how large a disk the data needs: rules without any target.
local M = {}

---From so many requests a second on, an instance needs 1 GB instead of 512 MB.
M.big_from = 500

---More instances than this only after a person has agreed.
M.most_alone = 10

local gibibyte = 2 ^ 30
local disks = { 10 * gibibyte, 50 * gibibyte, 100 * gibibyte, 250 * gibibyte }
local full_at = 0.8

---Instances for so many requests a second: 1 up to 100, 2 up to 500, 3 to 5 up to 1,000, and one
---more for every 200 beyond.
function M.instances(per_s)
  if per_s <= 100 then return 1 end
  if per_s <= 500 then return 2 end
  if per_s <= 1000 then return 2 + math.ceil((per_s - 500) / 500 * 3) end
  return 5 + math.ceil((per_s - 1000) / 200)
end

---How many there should be, from { now_per_s, most_per_s }: up at once by the load now, down only
---as far as the highest load of the last minutes allows, and by one.
function M.decide(instances, load)
  local up, down = M.instances(load.now_per_s), M.instances(load.most_per_s)
  if up > instances then return up end
  if down < instances then return math.max(instances - 1, 1) end
  return instances
end

---The next size of disk where the data takes more than 80 % of it; nil where it does not.
function M.disk_to_grow_to(size, disk)
  if size <= disk * full_at then return nil end
  for _, larger in ipairs(disks) do
    if larger > disk and size <= larger * full_at then return larger end
  end
  return math.ceil(size * 2 / gibibyte) * gibibyte
end

return M
