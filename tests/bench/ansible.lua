-- Finds ansible-playbook, or installs it for the benchmark alone where Python can.
local M = {}

local function succeeds(command)
  return os.execute(command) == 0
end

-- The program's path; else nil and why it is not there. Installing takes a minute, once.
function M.find(folder, log)
  if succeeds("command -v ansible-playbook >/dev/null 2>&1") then
    return "ansible-playbook"
  end
  local home = folder .. "/ansible"
  local program = home .. "/bin/ansible-playbook"
  if succeeds(("test -x '%s'"):format(program)) then
    return program
  end
  if not succeeds("python3 -m venv --help >/dev/null 2>&1 && python3 -c 'import ensurepip' 2>&1"
    .. " >/dev/null") then
    return nil, "ansible-playbook is not installed, and Python has no venv to install it into"
  end
  io.stderr:write("Installing ansible-core into ", home, "\n")
  local install = "python3 -m venv '%s' && timeout 600 '%s/bin/pip' install --quiet "
    .. "--disable-pip-version-check ansible-core"
  if not succeeds(("{ " .. install .. "; } >'%s' 2>&1 </dev/null"):format(home, home, log)) then
    os.execute(("rm -rf '%s'"):format(home))
    return nil, "ansible-playbook is not installed, and pip could not install it; see " .. log
  end
  return program
end

return M
