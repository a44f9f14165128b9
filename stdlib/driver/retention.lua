-- Which of many dated things a retention keeps: the calendar that the host's own drivers go by.
local calls = require "driver.calls"
local errors = require "vocabulary.errors"
local units = require "vocabulary.units"

local M = {}

local rule_names = { "last", "daily", "weekly", "monthly", "yearly" }
local day_s = 86400

local function raise(code, message, ...)
  errors.raise(code, message:format(...), "never", calls.position())
end

-- What the period in which a moment lies is called; equal names, same period. Weeks begin on
-- Monday: 1970-01-01 was a Thursday.
local period_of = {
  daily = function(at) return math.floor(at / day_s) end,
  weekly = function(at) return math.floor((math.floor(at / day_s) + 3) / 7) end,
  monthly = function(at) return units.date("%Y-%m", at) end,
  yearly = function(at) return units.date("%Y", at) end,
}

-- A slip of the pen must not delete everything: unknown rules, and none at all, are refused.
local function check(keep)
  local rules, total = {}, 0
  for _, name in ipairs(rule_names) do rules[name] = keep[name] or 0 end
  for name, count in pairs(keep) do
    if not rules[name] then
      raise("bad_argument", "A retention has no rule \"%s\", but %s.", tostring(name),
        table.concat(rule_names, ", "))
    elseif type(count) ~= "number" or count < 0 or count ~= math.floor(count) then
      raise("bad_argument", "The rule \"%s\" of a retention must be a whole number.", name)
    end
    total = total + count
  end
  if total > 0 then return rules end
  raise("bad_argument", "A retention must keep something: give at least one of %s.",
    table.concat(rule_names, ", "))
end

---Decides, and changes nothing. `things` are { id, at }; `options` has `keep` (a Retention),
---`keep_at_least` and `delete_at_most`. Gives the ids that go, oldest first, and those that stay,
---newest first. Raises too_many_deletions.
function M.choose(things, options)
  local rules, sorted, stays = check(options.keep), {}, {}
  for _, one in ipairs(things) do sorted[#sorted + 1] = one end
  table.sort(sorted, function(one, other)
    if one.at ~= other.at then return one.at > other.at end
    return one.id > other.id
  end)
  for index = 1, math.min(#sorted, math.max(rules.last, options.keep_at_least)) do
    stays[index] = true
  end
  for name, period in pairs(period_of) do
    local left, last = rules[name], nil
    for index, one in ipairs(sorted) do
      local found = period(one.at)
      if left > 0 and found ~= last then
        stays[index], last, left = true, found, left - 1
      end
    end
  end
  local removed, kept = {}, {}
  for index, one in ipairs(sorted) do
    if stays[index] then kept[#kept + 1] = one.id else table.insert(removed, 1, one.id) end
  end
  if #removed <= options.delete_at_most then return removed, kept end
  raise("too_many_deletions", "The retention would delete %d of %d, more than delete_at_most (%d). "
    .. "Nothing was deleted. Look at the list, then raise the limit or mend the rules.", #removed,
    #sorted, options.delete_at_most)
end

return M
