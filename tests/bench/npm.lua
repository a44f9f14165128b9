-- Installs the peers that come from npm, at the versions in peers/package.json, for the benchmark
-- alone.
local measure = require("measure")

local M = {}

local node_least = 20

local function succeeds(command)
  return os.execute(command) == 0
end

local function node_version()
  local pipe = io.popen("node --version 2>/dev/null")
  local version = pipe:read("*l") or ""
  pipe:close()
  return tonumber(version:match("^v(%d+)"))
end

local function install(source, folder, log)
  local version = node_version()
  if not version or not succeeds("command -v npm >/dev/null 2>&1") then
    return nil, "node or npm is not installed"
  elseif version < node_least then
    return nil, ("node is version %d, and %d is needed"):format(version, node_least)
  end
  local home, wanted = folder .. "/peers", measure.read_file(source .. "/package.json")
  os.execute(("mkdir -p '%s' && cp '%s'/*.mjs '%s'"):format(home, source, home))
  if measure.read_file(home .. "/package.json") == wanted then
    return home
  end
  io.stderr:write("Installing peers from npm into ", home, "\n")
  -- The list of what is there is written last: it stands for an installation that was finished.
  local steps = "rm -rf node_modules && mkdir -p new && cp '%s/%s/package.json' new && timeout "
    .. "600 npm install --prefix new --no-package-lock --no-audit --no-fund --ignore-scripts "
    .. "--fetch-retries 1 && mv new/node_modules . && mv new/package.json . && rm -rf new"
  if not succeeds(("cd '%s' && { " .. steps .. "; } >'%s' 2>&1 </dev/null"):format(home,
      os.getenv("PWD"), source, log)) then
    return nil, "npm could not install it; see " .. log
  end
  return home
end

local found

-- The folder they are installed in; else nil and why they are not there. Takes a minute, once.
function M.find(...)
  found = found or { install(...) }
  return found[1], found[2]
end

return M
