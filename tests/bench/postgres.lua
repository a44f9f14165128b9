-- A PostgreSQL of the benchmark's own, with the settings it comes with: it flushes what it commits.
-- It listens at a socket in a folder of its own only, and never as root.
local processes = require("processes")

local M = {}

local system_user = "postgres"

local function first_line(command)
  local pipe = io.popen(command)
  local line = pipe:read("*l")
  pipe:close()
  return line
end

-- The newest version's programs; Debian keeps each version's in a folder of its own.
local function programs()
  return first_line("ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1")
end

local function as_server(argv)
  argv[1] = programs() .. "/" .. argv[1]
  if first_line("id -u") ~= "0" then
    return argv
  end
  return { "setpriv", "--reuid", system_user, "--regid", system_user, "--init-groups",
    "--pdeathsig", "KILL", "--", unpack(argv) }
end

-- Makes a cluster in `folder`. Returns the server's description; else nil and why there is none.
function M.make(folder, log)
  if not programs() then
    return nil, "PostgreSQL is not installed"
  end
  os.execute(("rm -rf '%s' && mkdir '%s'"):format(folder, folder))
  if first_line("id -u") == "0" then
    os.execute(("chown %s: '%s'"):format(system_user, folder))
    if os.execute(("setpriv --reuid %s --clear-groups test -w '%s'"):format(system_user,
        folder)) ~= 0 then
      return nil, ("the user %s cannot write into %s"):format(system_user, folder)
    end
  end
  os.execute(("chmod 700 '%s'"):format(folder))
  local data = folder .. "/data"
  processes.run(as_server({ "initdb", "-D", data, "-U", system_user, "--auth", "trust", "-E",
    "UTF8", "--locale", "C.UTF-8" }), log)
  return {
    argv = as_server({ "postgres", "-D", data, "-c", "listen_addresses=", "-c",
      "unix_socket_directories=" .. folder }),
    url = ("postgresql://%s@localhost/bench?host=%s"):format(system_user, folder),
    log = log,
  }
end

-- Calls a function while the server is there.
function M.with(server, call)
  local process = processes.serve(server.argv, server.log)
  local ended_well, result = pcall(call)
  processes.stop(process, "int")  -- It stops without waiting for those who are connected.
  if not ended_well then
    error(result, 0)
  end
  return result
end

return M
