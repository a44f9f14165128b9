-- What people see: texts of several lines on the screen and in reports.
local cases = {}

function cases.an_error_of_several_lines_is_shown_as_lines_everywhere(w)
  w:body [[
    log("One.\nTwo.")
    step("Break", function() error("Rows are missing:\n- in \27[31ma\n- in b\n") end)
  ]]
  w:perilune("run book --environment here --run-id case --no-input"):exits(3)
    :says("Reason  Rows are missing:\n          - in \\x1b[31ma\n          - in b (")
    :says("  One.\n              Two.\n"):says_not("\27")
  w:perilune("report case --format text"):exits(0)
    :says("Reason  Rows are missing:\n          - in \\x1b[31ma\n          - in b (")
    :says("error: Rows are missing:\n")
  w:perilune("report case --format markdown"):exits(0)
    :says("- Reason: Rows are missing:\\\n  \\- in \\\\x1b\\[31ma\\\n  \\- in b (")
  w:perilune("report case --format html"):exits(0)
    :says("Rows are missing:\n- in \\x1b[31ma\n- in b")
end

function cases.a_run_resumed_at_a_terminal_shows_what_it_waits_for_and_ends(w)
  w:body [[
    approve("Go?")
    step("Rest", function() sleep("400ms") end)
    parallel {
      ["one"] = function() step("One", function() sleep("300ms") end) end,
      ["other"] = function() step("Other", function() sleep("400ms") end) end,
    }
  ]]
  w:run("--no-input"):exits(3)
  w:perilune("approve case --reason seen"):exits(0)
  local terminal = w:terminal("resume case")
  terminal:shows("Rest")
  terminal:shows("Other")
  terminal:shows("Done. book in here, run case")
  w:perilune("status case --json"):exits(0):says("\"ended\"")
end

return cases
