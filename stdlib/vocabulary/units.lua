-- Durations, sizes and dates: text as people write it, numbers inside.
local M = {}

-- In milliseconds: whole ones add up exactly.
local duration_units = { ms = 1, s = 1e3, m = 6e4, min = 6e4, h = 36e5, d = 864e5, w = 6048e5 }
local size_units = { B = 1, KiB = 2 ^ 10, MiB = 2 ^ 20, GiB = 2 ^ 30, TiB = 2 ^ 40, kB = 1e3,
  KB = 1e3, MB = 1e6, GB = 1e9, TB = 1e12 }

-- Nothing waits for ever: ten years, as the host has it.
local duration_s_max = 3660 * 86400
local duration_longest = "a duration of at most 10 years"
local duration_expected = "a duration: a number of seconds, or text such as \"30s\" or \"1h30m\""
local size_expected = "a size: a number of bytes, or text such as \"64MiB\""

local function number_in_range(value)
  return value == value and value >= 0 and value <= 1e15
end

---Seconds, or nil and what was expected.
function M.read_duration(value)
  if type(value) == "number" then
    if not number_in_range(value) then return nil, duration_expected end
    if value > duration_s_max then return nil, duration_longest end
    return value
  end
  if type(value) ~= "string" or value == "" or #value > 40 then return nil, duration_expected end
  local total, at = 0, 1
  while at <= #value do
    local count, unit, after = value:match("^(%d+%.?%d*)(%a+)()", at)
    local factor = unit and duration_units[unit]
    if not factor then return nil, duration_expected end
    total, at = total + tonumber(count) * factor, after
  end
  if total / 1e3 > duration_s_max then return nil, duration_longest end
  return total / 1e3
end

---Bytes, or nil and what was expected.
function M.read_size(value)
  if type(value) == "number" then
    if number_in_range(value) then return value end
    return nil, size_expected
  end
  if type(value) ~= "string" or #value > 20 then return nil, size_expected end
  local count, unit = value:match("^(%d+%.?%d*)(%a*)$")
  local factor = count and (unit == "" and 1 or size_units[unit])
  if not factor then return nil, size_expected end
  return math.floor(tonumber(count) * factor)
end

-- Days since 1970-01-01 to a civil date (the proleptic Gregorian calendar).
local function civil(days)
  local z = days + 719468
  local era = math.floor(z / 146097)
  local day_of_era = z - era * 146097
  local year_of_era = math.floor((day_of_era - math.floor(day_of_era / 1460)
    + math.floor(day_of_era / 36524) - math.floor(day_of_era / 146096)) / 365)
  local day_of_year = day_of_era - (365 * year_of_era + math.floor(year_of_era / 4)
    - math.floor(year_of_era / 100))
  local shifted = math.floor((5 * day_of_year + 2) / 153)
  local day = day_of_year - math.floor((153 * shifted + 2) / 5) + 1
  local month = shifted < 10 and shifted + 3 or shifted - 9
  local year = year_of_era + era * 400 + (month <= 2 and 1 or 0)
  return year, month, day
end

---Formats Unix seconds in UTC. `format` takes %Y %m %d %H %M %S %j-less strftime letters and %%;
---the default is RFC 3339.
function M.date(format, at)
  local whole = math.floor(at)
  local days = math.floor(whole / 86400)
  local rest = whole - days * 86400
  local year, month, day = civil(days)
  local parts = {
    Y = ("%04d"):format(year), m = ("%02d"):format(month), d = ("%02d"):format(day),
    H = ("%02d"):format(math.floor(rest / 3600)), M = ("%02d"):format(math.floor(rest / 60) % 60),
    S = ("%02d"):format(rest % 60), ["%"] = "%",
    a = ({ "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" })[days % 7 + 1],
    s = ("%d"):format(whole),
  }
  return (format:gsub("%%(.)", function(letter)
    return parts[letter] or "%" .. letter
  end))
end

---"1 h 30 min", "4.2 s".
function M.show_duration(seconds)
  if seconds < 1 then return ("%d ms"):format(seconds * 1000) end
  if seconds < 100 then return ("%g s"):format(math.floor(seconds * 10) / 10) end
  local whole = math.floor(seconds)
  if whole < 3600 then return ("%d min %d s"):format(whole / 60, whole % 60) end
  return ("%d h %d min"):format(whole / 3600, whole % 3600 / 60)
end

return M
