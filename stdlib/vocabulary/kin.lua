-- The strands that a strand has opened and that have not ended yet. One that has ended is let go
-- at once: a run may open hundreds of thousands, and a worker has 256 MiB.
local M = {
  live = 0,  -- How many there are in all.
}

local function put(children, place, child)
  children[place], child.place = child, place
end

function M.add(parent, child)
  put(parent.children, #parent.children + 1, child)
  M.live = M.live + 1
end

function M.remove(child)
  local children = child.parent and child.parent.children
  if not children or children[child.place] ~= child then return end
  local last = #children
  put(children, child.place, children[last])
  children[last] = nil
  M.live = M.live - 1
end

---Removes those that were opened from a frame above `depth`, and returns them.
function M.take_above(strand, depth)
  local kept, taken = {}, {}
  for _, child in ipairs(strand.children) do
    if child.opened_depth > depth then
      taken[#taken + 1] = child
    else
      put(kept, #kept + 1, child)
    end
  end
  strand.children = kept
  M.live = M.live - #taken
  return taken
end

return M
