-- What docs/security.md says and no other case holds: which processes are confined, who may read a
-- state folder, and that every test which the page names is there.
local rig = require("rig")

local cases = {}
local here = arg[0]:match("^(.*)/[^/]*$") or "."

-- The numbers of the processes of this name that the job has started, it and theirs.
local function started_by(job, name)
  local found, inside = {}, { [job.pid] = true }
  local all = rig.shell("ps -e -o pid=,ppid=,comm= | sort -n")
  for _ = 1, 3 do
    for pid, parent, comm in all:gmatch("(%d+)%s+(%d+)%s+(%S+)") do
      if inside[tonumber(parent)] and not inside[tonumber(pid)] then
        inside[tonumber(pid)] = true
        if comm == name then found[#found + 1] = tonumber(pid) end
      end
    end
  end
  return found
end

-- Waits for a process that the job has started and looks at what the kernel says of it.
local function check_confined(w, job, name)
  local status
  rig.wait(function()
    for _, pid in ipairs(started_by(job, name)) do
      status = rig.read(("/proc/%d/status"):format(pid)) or ""
      -- Until its filter is in force it has read no script.
      if status:find("Seccomp:\t2\n", 1, true) then return true end
    end
  end, name .. " to be confined", 20)
  w:equal("1", status:match("NoNewPrivs:%s*(%d)"), "It gains no privileges")
  w:equal("1", status:match("Threads:%s*(%d+)"), "It has one thread")
end

function cases.a_runbooks_worker_is_confined_while_it_executes(w)
  w:body("while true do end")
  local job = w:start()
  check_confined(w, job, "perilune-worker")
end

function cases.a_lua_drivers_worker_is_confined_before_its_file_is_read(w)
  w:file("library/drivers/dns/own.lua", "-- Loops for ever.\nwhile true do end\n")
  w:environment("kind: development\ntargets:\n  dns/site: { driver: own }\n")
  w:body("return 1")
  local job = w:start("", "check --environment here")
  check_confined(w, job, "perilune-worker")
end

function cases.the_simulator_is_confined_while_it_tests(w)
  w:body("return 1")
  w:file("library/tests/a_test.lua", 'it("loops", function() while true do end end)\n')
  local job = w:start("", "test --limit 5s")
  check_confined(w, job, "perilune-simula")
end

function cases.the_simulator_is_confined_while_it_explores(w)
  w:body("while true do end")
  w:file("library/explorations/loops.lua",
    'return explore { runbook = "book", world = function() return world "here" end }\n')
  local job = w:start("", "explore loops")
  check_confined(w, job, "perilune-simula")
end

function cases.only_its_owner_can_read_a_state_folder(w)
  w:body [[
    process("local"):run { program = "sh", arguments = { "-c", "echo hello" } }
    approve("Go on?")
  ]]
  w:run():exits(3)
  w:equal("700", rig.shell(w:fill("stat -c %a @W@/state")), "The folder's mode")
  w:equal("", rig.shell(w:fill("find @W@/state -type f -name '*.db*' -perm /077; "
    .. "find @W@/state/process -perm /077")), "Journal and programs' output that others may read")
end

-- Names of tests: words joined by underscores, three at least.
local function names_in(text)
  local names = {}
  for name in text:gmatch("%f[%w_][%w_]+%f[^%w_]") do
    local _, joints = name:gsub("_", "")
    if joints >= 2 and not name:find("^_") then names[#names + 1] = name end
  end
  return names
end

function cases.every_test_that_holds_a_line_of_the_page_is_there(w)
  local page = assert(rig.read(here .. "/../../docs/security.md"))
  local limits = assert(rig.read(here .. "/../../docs/language.md")):match("\n## Limits\n.-\n## ")
  page = page .. limits
  local checked, lacking = 0, {}
  for row in page:gmatch("\n(|[^\n]+|)") do
    local held = row:match("|([^|]*)|$")
    for _, name in ipairs(names_in(held)) do
      local where = ("grep -rqE 'cases\\.%s\\(|TEST_CASE(_TEMPLATE)?\\(\"%s\"' %s"):format(name,
        name, rig.quoted(here .. "/.."))
      local _, code = rig.shell(where)
      if code ~= 0 then lacking[#lacking + 1] = name end
      checked = checked + 1
    end
    for name in held:gmatch("tests/fuzz/[%w_]+%.cpp") do
      if not rig.read(here .. "/../../" .. name) then lacking[#lacking + 1] = name end
    end
    local says_nothing = #names_in(held) == 0 and not held:find("tests/fuzz", 1, true)
    if says_nothing and not row:find("^|[%s%-|]+|$") and not held:find("held by", 1, true) then
      lacking[#lacking + 1] = "nothing for: " .. row
    end
  end
  w:equal("", table.concat(lacking, "\n"), "Tests that are not there")
  w:equal(true, checked > 60, "More than 60 names were found")
end

return cases
