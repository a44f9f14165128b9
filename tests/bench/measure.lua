-- Reads clocks, and counts the flushes of the disk below a folder.
local ffi = require("ffi")

local M = {}

ffi.cdef [[
typedef struct { long seconds, nanoseconds; } bench_time;
int clock_gettime(int clock, bench_time* time);
int nanosleep(const bench_time* wanted, bench_time* left);
]]

local clock_realtime, clock_monotonic = 0, 1

-- What a clock of the kernel's says; nil where there is no such clock.
function M.clock_s(clock)
  local time = ffi.new("bench_time")
  if ffi.C.clock_gettime(clock, time) ~= 0 then
    return nil
  end
  return tonumber(time.seconds) + tonumber(time.nanoseconds) * 1e-9
end

function M.now_s()
  return M.clock_s(clock_monotonic)
end

function M.wall_s()
  return M.clock_s(clock_realtime)
end

function M.pause(seconds)
  local whole = math.floor(seconds)
  ffi.C.nanosleep(ffi.new("bench_time", whole, (seconds - whole) * 1e9), nil)
end

-- Looks every so many seconds, and stops the whole measurement after a quarter of an hour:
-- thousands of processes start on two processors.
function M.await(what, every_s, condition)
  local until_s = M.now_s() + 900
  while not condition() do
    if M.now_s() > until_s then
      error("Waited in vain for " .. what .. ".", 0)
    end
    M.pause(every_s)
  end
end

function M.read_file(path)
  local file = io.open(path, "rb")
  local text = file and file:read("*a")
  if file then
    file:close()
  end
  return text
end

-- The device below a folder as its numbers, "254:0"; nil where the kernel counts no flushes for it.
local function device_of(folder)
  local pipe = io.popen(("stat -c '%%Hd:%%Ld' '%s'"):format(folder))
  local numbers = pipe:read("*l")
  pipe:close()
  -- Flushes are counted for the whole disk, not for its partitions.
  local at = "/sys/dev/block/" .. tostring(numbers)
  if M.read_file(at .. "/partition") then
    numbers = (M.read_file(at .. "/../dev") or ""):match("%d+:%d+")
  end
  return numbers
end

-- A function that tells how many flushes the disk below a folder has made; nil where none can.
function M.flush_counter(folder)
  local major, minor = (device_of(folder) or ""):match("(%d+):(%d+)")
  local function count()
    for line in (M.read_file("/proc/diskstats") or ""):gmatch("[^\n]+") do
      local fields = {}
      for field in line:gmatch("%S+") do
        fields[#fields + 1] = field
      end
      if fields[1] == major and fields[2] == minor then
        return tonumber(fields[19])
      end
    end
  end
  return count() and count or nil
end

-- Whether a folder lies on a file system in memory, where a flush costs nothing.
function M.is_in_memory(folder)
  local pipe = io.popen(("stat -f -c %%T '%s' 2>/dev/null"):format(folder))
  local kind = pipe:read("*l")
  pipe:close()
  return kind == "tmpfs"
end

function M.median(values)
  local sorted = {}
  for index, value in ipairs(values) do
    sorted[index] = value
  end
  table.sort(sorted)
  local half = math.floor(#sorted / 2)
  if #sorted % 2 == 1 then
    return sorted[half + 1]
  end
  return (sorted[half] + sorted[half + 1]) / 2
end

return M
