-- Executes the black-box cases of the language: luajit tests/lua/run.lua [--filter TEXT] [--list].
--
-- PERILUNE_BIN names the folder of the programs; with --suspended those are the ones that drop
-- their workers wherever they wait (tests/suspend), and what says nothing then is left out. Each
-- case is executed by a process of its own, so that several run at once and none disturbs another.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path

local rig = require("rig")

local at_once = tonumber(os.getenv("PERILUNE_CASES_AT_ONCE") or "") or 4

local function load_cases()
  local files = rig.shell("ls " .. rig.quoted(here) .. "/*_cases.lua")
  local cases, names = {}, {}
  for path in files:gmatch("[^\n]+") do
    local module = path:match("([%w_]+)%.lua$")
    for name, body in pairs(require(module)) do
      if cases[name] then error("Two cases are called " .. name .. ".") end
      cases[name] = { body = body, file = module }
      names[#names + 1] = name
    end
  end
  table.sort(names)
  return cases, names
end

local function chosen_names(names, filter)
  local chosen = {}
  for _, name in ipairs(names) do
    if not filter or name:find(filter, 1, true) then chosen[#chosen + 1] = name end
  end
  return chosen
end

local function without(names, left_out)
  local chosen = {}
  for _, name in ipairs(names) do
    if not left_out[name] then chosen[#chosen + 1] = name end
  end
  return chosen
end

-- Executes one case in this process; its result is the file of its name in `folder`.
local function execute_one(cases, name, folder)
  local world = rig.world()
  local ok, problem = xpcall(function() cases[name].body(world) end, function(raised)
    return type(raised) == "string" and not raised:find("\n--- ") and debug.traceback(raised, 2)
      or raised
  end)
  world:remove()
  local file = assert(io.open(folder .. "/" .. name, "wb"))
  file:write(ok and "passed\n" or "failed\n" .. tostring(problem) .. "\n")
  file:close()
end

local function execute_all(cases, names, runner)
  local folder = rig.shell("mktemp -d \"${TMPDIR:-/tmp}/perilune-cases-XXXXXX\"")
  local list = assert(io.open(folder .. "/.names", "wb"))
  list:write(table.concat(names, "\n"), "\n")
  list:close()
  os.execute(("xargs -r -P %d -n 1 luajit %s --case %s <%s"):format(at_once, rig.quoted(arg[0]),
    rig.quoted(folder), rig.quoted(folder .. "/.names")))
  local passed, failed = 0, 0
  for _, name in ipairs(names) do
    local result = rig.read(folder .. "/" .. name) or "failed\nThe case ended without a result.\n"
    if result == "passed\n" then
      passed = passed + 1
    else
      failed = failed + 1
      print(("FAILED %s (%s.lua)\n%s"):format(name, cases[name].file,
        result:gsub("^failed\n", "")))
    end
  end
  rig.shell("rm -rf " .. rig.quoted(folder))
  print(("%s: %d passed, %d failed"):format(runner, passed, failed))
  return failed == 0 and passed > 0
end

-- Without this all of them would pass with a program that drops no worker.
local function drops_workers()
  local world = rig.world()
  world:body('for _ = 1, 3 do sleep("10ms") end')
  world:run():exits(0)
  local _, times = (rig.read(world.folder .. "/state/perilune.log") or "")
    :gsub("is dropped where it waits", "")
  world:remove()
  return times >= 3
end

local cases, names = load_cases()
if arg[1] == "--case" then
  execute_one(cases, arg[3], arg[2])
elseif arg[1] == "--list" then
  print(table.concat(chosen_names(names, arg[2]), "\n"))
elseif arg[1] == nil or arg[1] == "--filter" then
  os.exit(execute_all(cases, chosen_names(names, arg[2]), "lua") and 0 or 1)
elseif arg[1] == "--suspended" then
  if not drops_workers() then
    print("The program drops no worker: PERILUNE_BIN must name the folder of the suspending one.")
    print("suspended: 0 passed, 1 failed")
    os.exit(1)
  end
  local all = chosen_names(names, arg[2])
  os.exit(execute_all(cases, without(all, require("suspended")), "suspended") and 0 or 1)
else
  io.stderr:write("Usage: luajit tests/lua/run.lua [--filter TEXT] [--list [TEXT]] "
    .. "[--suspended [TEXT]]\n")
  os.exit(2)
end
