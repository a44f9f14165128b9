-- Where a team's plans are made: its library beside the others, its services, its secrets, and an
-- environment that is production.yaml with their places laid over.
local json = require("text")
local json_reader = require("vocabulary.json_reader")
local places = require("places")
local rig = require("rig")

local Stage = {}
Stage.__index = Stage

local M = {}
local quoted = rig.quoted

local function write(path, text, mode)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  if mode then rig.shell(("chmod %s %s"):format(mode, quoted(path))) end
end

local function must(command)
  local output, code = rig.shell(command .. " 2>&1")
  if code ~= 0 then error(("%s\nended with %d: %s"):format(command, code, output), 0) end
  return output
end

-- The library of the team where its dependencies are, as in the checkout.
local function copy_library(stage, source)
  must(("mkdir -p %s/runbooks %s/state && ln -s %s/stdlib %s/stdlib && ln -s %s/runbooks/common "
    .. "%s/runbooks/common && cp -r %s/runbooks/%s %s/runbooks/"):format(stage.folder,
    stage.folder, source, stage.folder, source, stage.folder, source, stage.team, stage.folder))
  stage.library = stage.folder .. "/runbooks/" .. stage.team
end

-- The services live until the pipe to their keeper is closed.
local function start_services(stage, services)
  local folder = stage.folder .. "/services"
  must("mkdir " .. quoted(folder))
  stage.keeper = io.popen(("python3 -B %s/plans/services.py %s %s"):format(quoted(M.tests),
    quoted(folder), quoted(json.encode(services))), "w")
  rig.wait(function()
    return rig.read(folder .. "/facts.json") or rig.read(folder .. "/failed")
  end, "the services", 130)
  local failed = rig.read(folder .. "/failed")
  if failed then error(failed, 0) end
  stage.facts = json_reader.read(rig.read(folder .. "/facts.json"))
  stage.facts.folder = stage.folder .. "/places"
end

---A stage for a team's plans, in a new folder. `source` is the checkout.
function M.open(team, source, services)
  local folder = must("mktemp -d \"${TMPDIR:-/tmp}/perilune-plans-XXXXXX\"")
  local stage = setmetatable({ team = team, folder = folder, source = source, doubles = {} }, Stage)
  must("chmod 755 " .. quoted(folder))
  copy_library(stage, source)
  stage.services = services
  local started, problem = pcall(start_services, stage, services)
  if not started then
    stage:close()
    error(problem, 0)
  end
  for _, one in ipairs(services) do
    if one.kind == "double" or one.kind == "moto" then
      stage.doubles[#stage.doubles + 1] = one.name
    end
  end
  return stage
end

function Stage:close()
  if self.keeper then self.keeper:close() end
  rig.shell("rm -rf " .. quoted(self.folder))
end

function Stage:must(command) return must(command) end
function Stage:write(path, text, mode) write(self.folder .. "/" .. path, text, mode) end

---What a double's own address answers: "requests", "state", "boto".
function Stage:steer(name, word, body)
  local more = ""
  if body then
    write(self.folder .. "/body", json.encode(body))
    more = "--data-binary @" .. quoted(self.folder .. "/body")
  end
  return json_reader.read(must(("curl -sS -X %s %s %s/__double__/%s"):format(
    body and "POST" or "GET", more, self.facts[name].url, word)))
end

---What boto3 gives for an operation: boto("ecs", "create_cluster", { … }, "us-west-2").
function Stage:boto(service, operation, parameters, region)
  local told = self:steer("aws", "boto", { service = service, operation = operation,
    region = region or "us-east-1", parameters = parameters })
  if told.failure then error(("%s:%s: %s"):format(service, operation, told.failure), 0) end
  return told
end

---Executes SQL as the administrator of a service's database.
function Stage:sql(name, text)
  write(self.folder .. "/sql", text)
  must(("psql -X -q -v ON_ERROR_STOP=1 -d %s -f %s"):format(quoted(self.facts[name].url),
    quoted(self.folder .. "/sql")))
end

local function yaml(path)
  return json_reader.read(must(("python3 -c 'import json, sys, yaml; "
    .. "print(json.dumps(yaml.safe_load(open(sys.argv[1]))))' %s"):format(quoted(path))))
end

---What the environment is besides production with other places.
function Stage:place_problems()
  return places.problems(self.production, self.over, self.secrets, self.folder)
end

---Writes the environment `production`, which extends the team's own, and the secrets that it names.
---Secrets that are not told get a value of their own, which no plan may show.
---@return string[] problems What it is besides production with other places.
function Stage:environment(targets, secrets)
  local folder = self.library .. "/environments/"
  must(("mv %sproduction.yaml %steam.yaml"):format(folder, folder))
  local production = yaml(folder .. "team.yaml")
  local kept = self.folder .. "/secrets"
  must("mkdir -m 700 " .. quoted(kept))
  self.secrets = {}
  for name in pairs(places.secrets_of(production)) do
    self.secrets[name] = secrets[name] or "kept-" .. name:lower() .. "-of-" .. self.team
    write(kept .. "/" .. name, self.secrets[name], "600")
  end
  local over = { kind = "production", extends = "team.yaml", targets = targets,
    secrets = { folder = kept } }
  write(folder .. "production.yaml", json.encode(over))
  self.production, self.over = production, over
  local found = self:place_problems()
  local _, changed = rig.shell(("cmp -s %steam.yaml %s/runbooks/%s/environments/production.yaml")
    :format(folder, self.source, self.team))
  if changed ~= 0 then found[#found + 1] = "production.yaml is not the library's" end
  for name in pairs(secrets) do
    if not self.secrets[name] then found[#found + 1] = "production names no secret " .. name end
  end
  return found
end

-- What may be compared of a service before and after a plan, by its kind; nil of one whose
-- content nobody could change.
local prints = {
  double = function(stage, name) return stage:steer(name, "requests").changes end,
  moto = function(stage, name) return stage:steer(name, "requests").changes end,
  postgres = function(stage, name)
    local url = quoted(stage.facts[name].url)
    -- pg_dump writes a new password for psql's \\restrict each time.
    return must(("{ pg_dump -d %s; pg_dumpall -g -d %s; } | grep -v restrict | sha256sum"):format(
      url, url))
  end,
  redis = function(stage, name)
    local facts = stage.facts[name]
    return must(("redis-cli --no-auth-warning -h %s -p %s -a %s info persistence | grep "
      .. "changes_since"):format(facts.host, facts.port, facts.password))
  end,
  smtp = function(stage, name) return must("ls " .. quoted(stage.facts[name].inbox)) end,
  bind = function(stage, name)
    local facts = stage.facts[name]
    return must(("dig +short @%s -p %s %s SOA"):format(facts.server:match("^[^:]+"), facts.port,
      facts.zone))
  end,
}

---What everything that a plan could change is like: a map by the services' names, and `files`.
function Stage:state_of_all()
  local found = { files = must(("cd %s && mkdir -p places && find places -type f | sort | xargs -r "
    .. "sha256sum"):format(quoted(self.folder))) }
  for _, one in ipairs(self.services) do
    local print_of = prints[one.kind]
    if print_of then found[one.name] = tostring(print_of(self, one.name)) end
  end
  return found
end

-- What of a provider's API only tells. Each double counts its changes besides.
local function is_read(asked)
  local operation = asked.path:match("^/[%w-]+/(%u%w+)$")
  for _, word in ipairs { "Get", "List", "Describe", "Download", "Head", "BatchGet" } do
    if operation and operation:find("^" .. word) then return true end
  end
  return not operation and (asked.method == "GET" or asked.method == "HEAD")
end

---What the doubles were asked since this was last called: all requests as texts "NAME METHOD PATH",
---those among them that are no reads, and what was wrong with any.
function Stage:requests()
  local told = { all = {}, changing = {}, wrong = {} }
  self.seen = self.seen or {}
  for _, name in ipairs(self.doubles) do
    local account = self:steer(name, "requests")
    for index = (self.seen[name] or 0) + 1, #account.requests do
      local asked = account.requests[index]
      local text = ("%s %s %s"):format(name, asked.method, asked.path)
      told.all[#told.all + 1] = text
      if not is_read(asked) then told.changing[#told.changing + 1] = text end
    end
    self.seen[name] = #account.requests
    for _, problem in ipairs(account.violations) do
      told.wrong[#told.wrong + 1] = name .. ": " .. problem
    end
  end
  return told
end

---What `perilune WORDS` wrote, and its exit code; 124 where it did not end `within` seconds.
function Stage:perilune(words, within)
  return rig.shell(("cd %s && timeout --kill-after=5 %d %s %s --library %s --state %s/state "
    .. "</dev/null 2>&1"):format(quoted(self.folder), within or 60,
    quoted(M.programs .. "/perilune"), words, quoted(self.library), quoted(self.folder)))
end

---The same of words that must end well.
function Stage:perilune_must(words)
  local output, code = self:perilune(words)
  if code ~= 0 then
    error(("perilune %s ended with %d:\n%s\n%s"):format(words, code, output,
      table.concat(self:requests().wrong, "\n")), 0)
  end
end

return M
