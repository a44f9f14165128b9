-- Replays the kept inputs of every fuzzer, then lets each look for new ones: from one seed and as
-- many as are always executed, so that the same code has the same verdict, or for N minutes in all
-- from another seed each time.
--
--   luajit tests/fuzz/run.lua [--minutes N] [TARGET…]     from the folder of the checkout
--
-- What is found stands in .build/fuzz/found; once it is mended it belongs into tests/fuzz/corpus.
local programs, found = ".build/fuzz/bin/fuzz_", ".build/fuzz/found/"
local executions = 5000
local seconds, targets = nil, {}

local function shell(command)
  local pipe = assert(io.popen(command .. " 2>&1; echo \"status $?\""))
  local text = pipe:read("*a")
  pipe:close()
  return text, text:match("status (%d+)\n$") == "0"
end

local function stop(text)
  io.stderr:write(text, "\n")
  os.exit(2)
end

local known = {}
for name in shell("ls tests/fuzz/*.cpp"):gmatch("tests/fuzz/([%w_]+)%.cpp") do
  known[#known + 1] = name
  known[name] = true
end

local at = 1
while arg[at] do
  if arg[at] == "--minutes" then
    seconds = 60 * (tonumber(arg[at + 1]) or stop("--minutes needs a number."))
    at = at + 1
  elseif known[arg[at]] then
    targets[#targets + 1] = arg[at]
  else
    stop(("There is no fuzzer %q: it is %s."):format(arg[at], table.concat(known, ", ")))
  end
  at = at + 1
end
if #targets == 0 then targets = known end

-- What a fuzzer says of itself where it has found something, in a few lines.
local function tell(target, text)
  for line in text:gmatch("[^\n]+") do
    local telling = line:find("BROKEN PROPERTY", 1, true) or line:find("runtime error", 1, true)
      or line:find("^==%d+==") or line:find("^SUMMARY") or line:find("^%s+#%d+ ")
    if telling then print("    " .. line) end
  end
  local kept = text:match("Test unit written to (%S+)")
  if kept then
    print(("  Once more:  %s%s %s"):format(programs, target, kept))
  end
end

local passed, failed, total = 0, 0, 0

local function count(target, what, text, well)
  if well then
    passed = passed + 1
  else
    failed = failed + 1
    print(("FAILED fuzz/%s: %s"):format(target, what))
    tell(target, text)
  end
end

shell("mkdir -p " .. found)
for _, target in ipairs(targets) do
  local corpus, work = "tests/fuzz/corpus/" .. target, os.tmpname()
  shell(("rm -f %s && mkdir %s"):format(work, work))
  local words = "tests/fuzz/" .. target .. ".dict"
  local file = io.open(words)
  if file then file:close() end
  local program = ("ASAN_SYMBOLIZER_PATH=$(command -v addr2line) %s%s -timeout=20"
    .. " -print_final_stats=1 -verbosity=0 -artifact_prefix=%s%s-%s"):format(programs, target,
    found, target, file and " -dict=" .. words or "")
  local kept = tonumber((shell("ls " .. corpus .. " | wc -l"):match("%d+")))
  local text, well = shell(("%s -runs=0 %s"):format(program, corpus))
  count(target, "an input that is kept", text, well and kept > 0)
  local limit = ("-seed=1 -runs=%d"):format(kept + executions)
  if seconds then
    limit = ("-max_total_time=%d"):format(math.max(1, math.floor(seconds / #targets)))
  end
  local began = os.time()
  text, well = shell(("%s %s %s %s"):format(program, limit, work, corpus))
  local executed = tonumber(text:match("number_of_executed_units: (%d+)")) or 0
  count(target, "a new input", text, well and executed > kept)
  total = total + executed
  print(("fuzz/%s: %d kept inputs, %d executed in %d s")
    :format(target, kept, executed, os.time() - began))
  shell("rm -rf " .. work)
end
print(("fuzz: %d inputs executed by %d fuzzers"):format(total, #targets))
print(("fuzz: %d passed, %d failed"):format(passed, failed))
os.exit(failed == 0 and 0 or 1)
