-- State folders that were copied, restored or have lost something: read, refused, taken over.
local rig = require("rig")
local cases = {}

local function copied(w)
  rig.shell("cp -r " .. rig.quoted(w.folder .. "/state") .. " " .. rig.quoted(w.folder .. "/copy"))
  return "--state " .. rig.quoted(w.folder .. "/copy")
end

function cases.a_copied_state_is_read_and_resumed_only_once_it_was_taken_over(w)
  w:body [[
    storage("box"):put { key = "a", body = "1" }
    approve("Go on?")
    storage("box"):put { key = "b", body = "2" }
  ]]
  w:run():exits(3)
  local copy = copied(w)
  local command = "perilune state adopt --state " .. w.folder .. "/copy --reason TEXT"
  w:perilune("approve case " .. copy):exits(2):says("was copied, restored or moved"):says(command)
  w:perilune("resume case --no-input " .. copy):exits(2):says(command)
  w:perilune("run book --environment here --run-id more --no-input " .. copy):exits(2):says(command)
  w:perilune("report case --format text " .. copy):exits(0):says("Go on?"):says(command)
  w:perilune("doctor --environment here " .. copy):exits(1):says("perilune state adopt --reason")
  w:perilune("state adopt " .. copy):exits(2):says("needs --reason TEXT")
  w:perilune("state adopt --reason 'the old machine burnt' " .. copy):exits(0)
    :says("It was taken over"):says("was copied, restored or moved")
  w:perilune("state adopt --reason again --json " .. copy):exits(0):says('"adopted":false')
  w:perilune("approve case " .. copy):exits(0)
  w:perilune("resume case --no-input " .. copy):exits(0):says_not("copied")
end

function cases.a_state_whose_log_was_lost_says_so_before_anything_is_done_again(w)
  w:body [[
    process("local"):run { program = "sh", arguments = { "-c", "echo x >>@W@/acts" } }
    approve("Go on?")
  ]]
  w:run():exits(3)
  os.remove(w.folder .. "/state/state.db-wal")
  w:run():exits(2):says("has lost records"):says("state.db-wal, is missing")
  w:equal("x\n", w:read("acts"), "What was done")
end

return cases
