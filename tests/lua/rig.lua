-- What a black-box case works with: a folder of its own, runbooks in it, the programs, the journal.
local M = {}

local programs = os.getenv("PERILUNE_BIN") or ".build/release/bin"

local default_environment = [[
kind: development
targets:
  storage/box: { driver: folder, path: ../box }
  storage/other: { driver: folder, path: ../other }
  notify/log: { driver: file, path: ../notices.jsonl }
  process/local:
    driver: local
    programs:
      sh: { path: /bin/sh, arguments: any, effect: change }
      peek: { path: /bin/sh, arguments: any, effect: observe }
]]

local default_targets = [[
    ["storage/box"] = { "put", "delete", "copy" },
    ["storage/other"] = { "put", "delete" },
    ["notify/log"] = { "open", "resolve", "update", "send" },
    ["process/local"] = { "run", "start", "stop" },
]]

local World = {}
World.__index = World
local Ended = {}
Ended.__index = Ended

local function quoted(text) return "'" .. tostring(text):gsub("'", "'\\''") .. "'" end

local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read("*a")
  file:close()
  return text
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

-- What a shell command wrote, and its exit code.
local function shell(command)
  local pipe = io.popen("{ " .. command .. " ; }; printf '\\n%d' $?", "r")
  local text = pipe:read("*a")
  pipe:close()
  local output, code = text:match("^(.*)\n(%d+)$")
  return (output:gsub("\n$", "")), tonumber(code)
end

---A world in a new folder.
function M.world()
  local folder = shell("mktemp -d \"${TMPDIR:-/tmp}/perilune-case-XXXXXX\"")
  local world = setmetatable({ folder = folder, jobs = {}, name = "book" }, World)
  shell("mkdir -p " .. quoted(folder .. "/library/runbooks") .. " "
    .. quoted(folder .. "/library/lib") .. " " .. quoted(folder .. "/library/environments"))
  write(folder .. "/library/perilune.yaml", "name: cases\nversion: 1.0.0\n")
  world:environment(default_environment)
  return world
end

function World:remove()
  for _, job in ipairs(self.jobs) do
    if not job.ended then shell(("kill -9 %d 2>/dev/null"):format(job.pid)) end
  end
  -- A process that was just killed may still write there.
  local remove = "rm -rf " .. quoted(self.folder)
  shell(remove .. " 2>/dev/null || { sleep 0.5; " .. remove .. "; }")
end

-- @W@ in any text of a case stands for the world's folder.
function World:fill(text) return (text:gsub("@W@", function() return self.folder end)) end

---Who executes the cases, as the programs see it.
function World:user() return (shell("id -un")) end

function World:environment(text)
  write(self.folder .. "/library/environments/here.yaml", self:fill(text))
end

function World:file(path, text)
  shell("mkdir -p " .. quoted((self.folder .. "/" .. path):match("^(.*)/")))
  write(self.folder .. "/" .. path, self:fill(text))
end
function World:read(path) return read(self.folder .. "/" .. path) end
function World:default_environment() return default_environment end

---A whole runbook file.
function World:book(text, name)
  self:file("library/runbooks/" .. (name or self.name) .. ".lua", text)
end

---A runbook with everything but its body given; `head` holds further keys of runbook { … }.
function World:body(text, head, name)
  self:book(("return runbook {\n  summary = \"A case\",\n  targets = {\n%s  },\n%s"
    .. "  run = function(params)\n%s\n  end,\n}\n"):format(default_targets,
    head and "  " .. head .. ",\n" or "", text), name)
end

local function ended(world, command, out, err, code)
  return setmetatable({ world = world, command = command, out = out, err = err, code = code,
    all = out .. err }, Ended)
end

function World:command_line(words)
  local verb, rest = words:match("^(%S+)(.*)$")
  local folders = "--library " .. quoted(self.folder .. "/library")
  if not rest:find("--state", 1, true) then
    folders = folders .. " --state " .. quoted(self.folder .. "/state")
  end
  return ("%s %s %s%s"):format(quoted(programs .. "/perilune"), verb, folders, rest)
end

---Executes `perilune WORDS`; at most `limit_s` seconds.
function World:perilune(words, limit_s)
  local command = self:command_line(self:fill(words))
  local err = self.folder .. "/stderr"
  local out, code = shell(("timeout %d %s </dev/null 2>%s"):format(limit_s or 60, command,
    quoted(err)))
  return ended(self, command, out, read(err) or "", code)
end

---Executes the case's runbook until it rests; `more` are further words.
function World:run(more, limit_s)
  return self:perilune(("run %s --environment here --no-input --json --run-id case %s"):format(
    self.name, more or ""), limit_s)
end

function World:resume(more)
  return self:perilune("resume case --no-input --json " .. (more or ""))
end

---Gives the run a command: tell("skip", "--step X --reason Y").
function World:tell(word, more, limit_s)
  return self:perilune(("%s case %s --no-input --json"):format(word, more or ""), limit_s)
end

---Starts the runbook in the background, as a person's terminal would, and goes on.
function World:start(more, words)
  local number = #self.jobs + 1
  local base = self.folder .. "/job" .. number
  local command = self:command_line(words or ("run " .. self.name
    .. " --environment here --json --run-id case " .. (more or "")))
  -- `exec` makes the number the program's own; the exit code is written when it has ended.
  write(base .. ".sh", ("timeout 60 sh -c 'echo $$ >%s.pid; exec \"$@\"' sh %s </dev/null "
    .. ">%s.out 2>%s.err\necho $? >%s.code\n"):format(base, command, base, base, base))
  os.execute("setsid sh " .. quoted(base .. ".sh") .. " &")
  local job = { world = self, base = base, command = command }
  self.jobs[number] = job
  M.wait(function() return (read(base .. ".pid") or ""):find("\n") end, "the program to start")
  job.pid = tonumber(read(base .. ".pid"))

  local function has_ended() return (read(base .. ".code") or ""):find("\n") end
  ---Sends a signal. After KILL it is dead: until then nobody may take its runs over.
  function job.kill(_, signal)
    shell(("kill -%s %d"):format(signal, job.pid))
    if signal == "KILL" then M.wait(has_ended, "the program to die") end
  end
  function job.wait()
    M.wait(has_ended, "the program to end", 65)
    job.ended = true
    return ended(self, command, read(base .. ".out"), read(base .. ".err"),
      tonumber(read(base .. ".code")))
  end
  return job
end

---Executes `perilune WORDS` at a terminal of its own, to see what it shows and to type lines.
function World:terminal(words)
  local base = self.folder .. "/terminal"
  shell("mkfifo " .. quoted(base .. ".keys"))
  -- The descriptor that is never read from keeps the pipe open between two lines.
  write(base .. ".sh", ("exec 3<>%s.keys; timeout 60 script -qec %s /dev/null <%s.keys >%s.shown")
    :format(base, quoted(self:command_line(words)), base, base))
  os.execute("setsid sh " .. quoted(base .. ".sh") .. " 2>/dev/null &")
  local terminal = {}
  function terminal.shows(_, text, times)
    M.wait(function()
      local shown, at, found = read(base .. ".shown") or "", 1, 0
      while true do
        local _, last = shown:find(text, at, true)
        if not last then return found >= (times or 1) end
        at, found = last + 1, found + 1
      end
    end, "the terminal to show: " .. text)
  end
  function terminal.line(_, text) write(base .. ".keys", text .. "\n") end
  return terminal
end

---Waits until `condition` holds; fails the case where it does not within `limit_s`.
function M.wait(condition, what, limit_s)
  local until_s = os.time() + (limit_s or 30)
  while true do
    local value = condition()
    if value then return value end
    if os.time() > until_s then error("Waited in vain for " .. what .. ".", 0) end
    os.execute("sleep 0.03")
  end
end

---What the journal's file answers, as text.
function World:sql(query)
  return (shell(("sqlite3 -readonly -cmd '.timeout 5000' %s %s 2>/dev/null"):format(
    quoted(self.folder .. "/state/state.db"), quoted(query))))
end

---How many records there are where `condition` holds; `f('path')` reads a field of the body.
function World:count(condition)
  condition = condition:gsub("f%((.-)%)", "json_extract(body,%1)")
  return tonumber(self:sql("select count(*) from record where " .. condition)) or 0
end

---Waits until the journal holds a record where `condition` holds.
function World:await(condition)
  M.wait(function() return self:count(condition) > 0 end, "a record where " .. condition)
end

---The kinds of the run's records in order, but for logs.
function World:kinds()
  return (self:sql("select kind from record where kind <> 'log' order by pos"):gsub("\n", " "))
end

---One field of the first record where `condition` holds.
function World:field(path, condition)
  condition = condition:gsub("f%((.-)%)", "json_extract(body,%1)")
  return self:sql(("select json_extract(body,'%s') from record where %s order by pos limit 1")
    :format(path, condition))
end

---The objects of a storage target: "a=1 b=2", sorted.
function World:objects(target)
  local listed = shell(("cd %s 2>/dev/null && find . -type f -not -path './.perilune/*' | sort")
    :format(quoted(self.folder .. "/" .. (target or "box"))))
  local all = {}
  for path in listed:gmatch("%./([^\n]+)") do
    all[#all + 1] = path .. "=" .. read(self.folder .. "/" .. (target or "box") .. "/" .. path)
  end
  return table.concat(all, " ")
end

local function show(self)
  return ("\n--- %s\n--- exit %s\n--- stdout\n%s\n--- stderr\n%s\n--- journal\n%s"):format(
    self.command, tostring(self.code), self.out, self.err,
    self.world:sql("select body from record order by pos"))
end

function Ended:exits(code)
  if self.code ~= code then
    error(("Expected exit code %d, but it was %s."):format(code, tostring(self.code))
      .. show(self), 0)
  end
  return self
end

function Ended:says(text)
  text = self.world:fill(text)
  if not self.all:find(text, 1, true) then
    error("Expected the output to contain: " .. text .. show(self), 0)
  end
  return self
end

function Ended:says_not(text)
  if self.all:find(text, 1, true) then
    error("Expected the output not to contain: " .. text .. show(self), 0)
  end
  return self
end

function World:equal(expected, found, what)
  if expected ~= found then
    error(("%s: expected %s, but found %s.\n--- journal\n%s"):format(what or "A value",
      tostring(expected), tostring(found), self:sql("select body from record order by pos")), 0)
  end
end

M.shell, M.quoted, M.read = shell, quoted, read
return M
