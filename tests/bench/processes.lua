-- Starts programs without a shell and waits for them; reads their memory and processor time.
local ffi = require("ffi")
local measure = require("measure")

local M = {}

ffi.cdef [[
typedef struct { char opaque[256]; } bench_file_actions;
typedef struct { bench_time user, system; long peak_kib, others[13]; } bench_usage;
int setenv(const char* name, const char* value, int overwrite);
int posix_spawn_file_actions_init(bench_file_actions* actions);
int posix_spawn_file_actions_destroy(bench_file_actions* actions);
int posix_spawn_file_actions_addopen(bench_file_actions* actions, int fd, const char* path,
  int flags, unsigned mode);
int posix_spawn_file_actions_adddup2(bench_file_actions* actions, int fd, int to);
int posix_spawnp(int* pid, const char* file, const bench_file_actions* actions,
  const void* attributes, const char* const* argv, const char* const* environment);
int wait4(int pid, int* status, int options, bench_usage* usage);
int kill(int pid, int signal);
int clock_getcpuclockid(int pid, int* clock);
extern const char* const* environ;
]]

local write_new, no_hang = 0x241, 1  -- O_WRONLY | O_CREAT | O_TRUNC; WNOHANG
local signals = { int = 2, kill = 9, term = 15 }
local kibibytes_a_mebibyte = 1024

function M.set_environment(name, value)
  ffi.C.setenv(name, value, 1)
end

local function did_not_end_well(process)
  error(("%s did not end well:\n%s"):format(table.concat(process.argv, " "),
    M.output(process):sub(-2000)), 0)
end

-- Starts a program with its output in the file `log`.
function M.start(argv, log)
  local process = { argv = argv, log = log }
  local actions, pid = ffi.new("bench_file_actions"), ffi.new("int[1]")
  ffi.C.posix_spawn_file_actions_init(actions)
  ffi.C.posix_spawn_file_actions_addopen(actions, 0, "/dev/null", 0, 0)
  ffi.C.posix_spawn_file_actions_addopen(actions, 1, log, write_new, 420)
  ffi.C.posix_spawn_file_actions_adddup2(actions, 1, 2)
  local words = ffi.new("const char*[?]", #argv + 1)
  for index, word in ipairs(argv) do
    words[index - 1] = word
  end
  process.began_s = measure.now_s()
  local failed = ffi.C.posix_spawnp(pid, argv[1], actions, nil, words, ffi.C.environ)
  ffi.C.posix_spawn_file_actions_destroy(actions)
  if failed ~= 0 then
    did_not_end_well(process)
  end
  process.pid = pid[0]
  return process
end

-- Starts what goes on by itself; the kernel ends it with this process at the latest.
function M.serve(argv, log)
  local words = { "setpriv", "--pdeathsig", "KILL", "--" }
  for _, word in ipairs(argv) do
    words[#words + 1] = word
  end
  return M.start(words, log)
end

local function reap(process, options)
  if process.status then
    return true
  end
  local status, usage = ffi.new("int[1]"), ffi.new("bench_usage")
  if ffi.C.wait4(process.pid, status, options, usage) ~= process.pid then
    return false
  end
  process.took_s = measure.now_s() - process.began_s
  process.status = status[0]
  -- These are sums and the largest of the program and all programs it waited for.
  process.peak_mib = tonumber(usage.peak_kib) / kibibytes_a_mebibyte
  process.cpu_s = tonumber(usage.user.seconds + usage.system.seconds)
    + tonumber(usage.user.nanoseconds + usage.system.nanoseconds) * 1e-6  -- Microseconds here.
  return true
end

function M.has_ended(process)
  return reap(process, no_hang)
end

function M.output(process)
  return measure.read_file(process.log) or ""
end

-- Waits for a program's end and returns it; stops the whole measurement where its exit code is not
-- the expected one, else 0.
function M.wait(process, code)
  reap(process, 0)
  if process.status ~= (code or 0) * 256 then
    did_not_end_well(process)
  end
  return process
end

-- Runs a program to its end. Returns its seconds and its output.
function M.run(argv, log, code)
  local process = M.wait(M.start(argv, log), code)
  return process.took_s, M.output(process), process
end

-- Asks a program by a signal to end, and makes it end where it does not.
function M.stop(process, signal)
  if not M.has_ended(process) then
    ffi.C.kill(process.pid, signals[signal])
  end
  local until_s = measure.now_s() + 10
  while not M.has_ended(process) do
    if measure.now_s() > until_s then
      ffi.C.kill(process.pid, signals.kill)
    end
    measure.pause(0.005)
  end
end

-- The children of a process, from the first to the last.
function M.children(pid)
  local found = {}
  local list = measure.read_file(("/proc/%d/task/%d/children"):format(pid, pid)) or ""
  for child in list:gmatch("%d+") do
    found[#found + 1] = tonumber(child)
  end
  return found
end

-- The MiB of a process and all that came of it: `kind` is "Rss" or its proportional share, "Pss".
function M.memory_mib(pid, kind)
  local text = measure.read_file(("/proc/%d/smaps_rollup"):format(pid)) or ""
  local sum = (tonumber(text:match("\n" .. kind .. ":%s*(%d+)")) or 0) / kibibytes_a_mebibyte
  for _, child in ipairs(M.children(pid)) do
    sum = sum + M.memory_mib(child, kind)
  end
  return sum
end

-- The clock of a process's processor time, as a function that gives seconds; nil once it is gone.
function M.cpu_clock(pid)
  local clock = ffi.new("int[1]")
  if ffi.C.clock_getcpuclockid(pid, clock) ~= 0 then
    return function() end
  end
  return function()
    return measure.clock_s(clock[0])
  end
end

return M
