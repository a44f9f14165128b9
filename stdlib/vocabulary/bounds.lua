-- How deep steps and branches may lie in each other, and how many branches may be open at once.
local errors = require "vocabulary.errors"
local kin = require "vocabulary.kin"
local scheduler = require "vocabulary.scheduler"

local M = {}

local depth_max = 100
local branches_max = 10000

---Refuses what would lie deeper in steps, waits and branches than anything may. `of` names it.
function M.check_depth(strand, of)
  if #strand.names < depth_max then return end
  errors.raise("too_deep", ("Steps, waits and branches may lie %d deep in each other, and %s would "
    .. "lie deeper: does something call itself without an end?"):format(depth_max, of), "never",
    scheduler.position())
end

---Refuses more branches than one `parallel` or `each` may have, and more than may be open at once
---in the whole run: `count` in all, `at_once` of them together.
function M.check_branches(word, what, count, at_once, at)
  if count > branches_max then
    errors.raise("too_many", ("%s takes at most %d %s, but there are %d. Do them in parts, one "
      .. "after the other."):format(word, branches_max, what, count), "never", at)
  end
  if kin.live + at_once > branches_max then
    errors.raise("too_many", ("A run may have %d branches open at once: %d are, and this %s would "
      .. "open %d more. Let each do fewer at_once."):format(branches_max, kin.live, word, at_once),
      "never", at)
  end
end

return M
