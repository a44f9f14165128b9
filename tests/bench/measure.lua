-- Starts programs without a shell, and counts their seconds and the flushes of the disk below.
local ffi = require("ffi")

local M = {}

ffi.cdef [[
typedef struct { long seconds, nanoseconds; } bench_time;
typedef struct { char opaque[256]; } bench_file_actions;
int clock_gettime(int clock, bench_time* time);
int setenv(const char* name, const char* value, int overwrite);
int posix_spawn_file_actions_init(bench_file_actions* actions);
int posix_spawn_file_actions_destroy(bench_file_actions* actions);
int posix_spawn_file_actions_addopen(bench_file_actions* actions, int fd, const char* path,
  int flags, unsigned mode);
int posix_spawn_file_actions_adddup2(bench_file_actions* actions, int fd, int to);
int posix_spawnp(int* pid, const char* file, const bench_file_actions* actions,
  const void* attributes, const char* const* argv, const char* const* environment);
int waitpid(int pid, int* status, int options);
extern const char* const* environ;
]]

local clock_monotonic, write_new = 1, 0x241  -- O_WRONLY | O_CREAT | O_TRUNC

function M.now_s()
  local time = ffi.new("bench_time")
  ffi.C.clock_gettime(clock_monotonic, time)
  return tonumber(time.seconds) + tonumber(time.nanoseconds) * 1e-9
end

function M.set_environment(name, value)
  ffi.C.setenv(name, value, 1)
end

function M.read_file(path)
  local file = io.open(path, "rb")
  local text = file and file:read("*a")
  if file then
    file:close()
  end
  return text
end

-- Runs a program to its end with its output in the file `log`. Returns its seconds and its output;
-- stops the whole measurement where it does not end well.
function M.run(argv, log)
  local actions, pid, status = ffi.new("bench_file_actions"), ffi.new("int[1]"), ffi.new("int[1]")
  ffi.C.posix_spawn_file_actions_init(actions)
  ffi.C.posix_spawn_file_actions_addopen(actions, 0, "/dev/null", 0, 0)
  ffi.C.posix_spawn_file_actions_addopen(actions, 1, log, write_new, 420)
  ffi.C.posix_spawn_file_actions_adddup2(actions, 1, 2)
  local words = ffi.new("const char*[?]", #argv + 1)
  for index, word in ipairs(argv) do
    words[index - 1] = word
  end
  local began_s = M.now_s()
  local failed = ffi.C.posix_spawnp(pid, argv[1], actions, nil, words, ffi.C.environ)
  if failed == 0 then
    ffi.C.waitpid(pid[0], status, 0)
  end
  local took_s = M.now_s() - began_s
  ffi.C.posix_spawn_file_actions_destroy(actions)
  local output = M.read_file(log) or ""
  if failed ~= 0 or status[0] ~= 0 then
    error(("%s did not end well:\n%s"):format(table.concat(argv, " "), output:sub(-2000)), 0)
  end
  return took_s, output
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
