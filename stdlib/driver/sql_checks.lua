-- What the database family reads by SQL, for a provider that answers queries over HTTP.
local calls = require "driver.calls"
local errors = require "vocabulary.errors"

local M = {}

local function raise(code, call, message, detail)
  error(errors.make { code = code, message = call.target .. ": " .. message, detail = detail,
    retry = code == "check_failed" and "safe" or "never", at = calls.position() }, 0)
end

-- "orders" or "shop.orders", quoted.
local function quoted(name, call)
  local parts = {}
  for part in (name .. "."):gmatch("([^.]*)%.") do
    if not part:find("^[%a_][%w_]*$") then
      raise("bad_argument", call, ("\"%s\" is no table's name."):format(name))
    end
    parts[#parts + 1] = '"' .. part .. '"'
  end
  return table.concat(parts, ".")
end

local function sorted_names(map)
  local names = {}
  for name in pairs(map or {}) do names[#names + 1] = name end
  table.sort(names)
  return names
end

local function count_of(name, call)
  return { query = "select count(*)::int as n from " .. quoted(name, call) }
end

local function number_of(found) return tonumber(found.rows[1].n) end

local function is_true(found)
  local value = (found.rows[1] or {})[found.columns[1]]
  return value == true or value == "t" or value == "true", tostring(value)
end

local function check_count(name, range, found)
  local rows = number_of(found)
  return { name = "rows of " .. name, found = tostring(rows),
    expected = ("%s to %s"):format(range.min and ("%d"):format(range.min) or "any",
      range.max and ("%d"):format(range.max) or "any"),
    passed = rows >= (range.min or 0) and rows <= (range.max or math.huge) }
end

local function verify(rows)
  return function(arguments, call)
    if arguments.digests then
      raise("not_supported", call, "digests of tables are not read here. Use counts and queries.")
    end
    local tables, queries = sorted_names(arguments.counts), sorted_names(arguments.queries)
    local asked, checks, wrong = {}, {}, {}
    for _, name in ipairs(tables) do asked[#asked + 1] = count_of(name, call) end
    for _, name in ipairs(queries) do asked[#asked + 1] = { query = arguments.queries[name] } end
    local found = rows(call, asked)
    for index, name in ipairs(tables) do
      checks[index] = check_count(name, arguments.counts[name], found[index])
    end
    for index, name in ipairs(queries) do
      local passed, shown = is_true(found[#tables + index])
      checks[#checks + 1] = { name = name, expected = "true", found = shown, passed = passed }
    end
    for _, one in ipairs(checks) do
      if not one.passed then
        wrong[#wrong + 1] = ("%s: expected %s, found %s"):format(one.name, one.expected, one.found)
      end
    end
    if #wrong == 0 then return checks end
    raise("check_failed", call, table.concat(wrong, "; ") .. ".", checks)
  end
end

---The operations query, counts and verify, from `rows(call, queries)`: queries are { query, params
---}, and each gives { rows, columns }: maps of column to value, and the columns' names in order.
function M.operations(rows)
  local function query(arguments, call)
    local asked = { { query = arguments.sql, params = arguments.parameters } }
    local found = rows(call, asked)[1].rows
    if #found <= arguments.rows_max then return found end
    raise("too_many_rows", call, ("the query gave %d rows, and rows_max is %d. Ask for less, or "
      .. "raise rows_max."):format(#found, arguments.rows_max))
  end
  local function counts(arguments, call)
    local asked, found = {}, {}
    for index, name in ipairs(arguments.tables) do asked[index] = count_of(name, call) end
    for index, one in ipairs(rows(call, asked)) do
      found[arguments.tables[index]] = number_of(one)
    end
    return found
  end
  return { query = { observe = query }, counts = { observe = counts },
    verify = { observe = verify(rows) } }
end

return M
