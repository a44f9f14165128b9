-- The driver worker's own program: one driver's file, and the calls the host makes of it.
local api = require "driver.api"
local aws = require "driver.aws"
local aws_backups = require "driver.aws_backups"
local aws_balancer = require "driver.aws_balancer"
local aws_clones = require "driver.aws_clones"
local aws_databases = require "driver.aws_databases"
local aws_doctor = require "driver.aws_doctor"
local aws_fences = require "driver.aws_fences"
local aws_instances = require "driver.aws_instances"
local aws_passwords = require "driver.aws_passwords"
local aws_restores = require "driver.aws_restores"
local aws_scaling = require "driver.aws_scaling"
local aws_services = require "driver.aws_services"
local aws_tasks = require "driver.aws_tasks"
local betterstack = require "driver.betterstack"
local calls = require "driver.calls"
local cloudflare_doctor = require "driver.cloudflare_doctor"
local deploy = require "driver.deploy"
local doctor = require "driver.doctor"
local errors = require "vocabulary.errors"
local forges = require "driver.forges"
local http = require "driver.http"
local json = require "vocabulary.json"
local metrics = require "driver.metrics"
local neon = require "driver.neon"
local neon_clones = require "driver.neon_clones"
local notify = require "driver.notify"
local process = require "driver.process"
local railway = require "driver.railway"
local railway_instances = require "driver.railway_instances"
local retention = require "driver.retention"
local sandbox = require "vocabulary.sandbox"
local secrets = require "driver.secrets"
local serve = require "vocabulary.serve"
local sql_checks = require "driver.sql_checks"
local times = require "driver.times"
local units = require "vocabulary.units"
local vercel = require "driver.vercel"
local xml = require "driver.xml"

-- What all drivers of a family have in common.
local families = { deploy = deploy, metrics = metrics, notify = notify, process = process,
  secrets = secrets }

local wire, declared, settings
local handlers, texts, sources = {}, {}, {}

local function now() return calls.now end

local function sleep(seconds)
  calls.ask("sleep", { seconds = seconds })
end

local function tell(text) calls.ask("tell", { text = tostring(text) }) end

-- SHA-256, hexadecimal, of what a secret opens to.
local function digest(value) return calls.ask("digest", { value = value }) end

-- Raises an error of the driver's own: { code, message, retry, detail }.
local function fail(given)
  error(errors.make { code = given.code, message = given.message, retry = given.retry,
    detail = given.detail, at = calls.position() }, 0)
end

local function words()
  local made = {
    http = http, json = json, now = now, sleep = sleep, tell = tell, fail = fail, part = calls.part,
    poll = calls.poll, pcall = pcall, xpcall = xpcall, random = sandbox.random("driver"),
    time = times.read, xml = xml, aws = aws, aws_balancer = aws_balancer, aws_scaling = aws_scaling,
    aws_services = aws_services, aws_tasks = aws_tasks, aws_databases = aws_databases,
    aws_backups = aws_backups, aws_fences = aws_fences, aws_restores = aws_restores,
    aws_instances = aws_instances, aws_clones = aws_clones, aws_doctor = aws_doctor,
    aws_passwords = aws_passwords,
    cloudflare_doctor = cloudflare_doctor, api = api, forges = forges, betterstack = betterstack,
    neon = neon, neon_clones = neon_clones, sql_checks = sql_checks, vercel = vercel,
    railway = railway, railway_instances = railway_instances, digest = digest,
    retention = retention,
    date = function(format, at)
      return units.date(format or "%Y-%m-%dT%H:%M:%SZ", at or calls.now)
    end,
  }
  for family, common in pairs(families) do made[family] = common.words end
  return made
end

-- What the host may know of the driver: all but its functions.
local function describe()
  local operations = {}
  for name, operation in pairs(declared.operations) do
    local has = {}
    for _, phase in ipairs { "observe", "before", "act", "look", "restore" } do
      has[phase] = type(operation[phase]) == "function" or nil
    end
    has.repeatable = operation.repeatable and true or nil
    operations[name] = has
  end
  local functions = {}
  for name in pairs(declared.functions or {}) do functions[name] = true end
  return { functions = functions, features = declared.features, family = declared.family,
    lacks = declared.lacks, name = declared.name, doc = declared.doc, hosts = declared.hosts,
    settings = declared.settings, limits = declared.limits, operations = operations,
    doctor = doctor.describe(declared.doctor) }
end

local function load_file(path)
  local source = "@" .. path
  sources[source] = true
  calls.sources = sources
  local globals = sandbox.make(wire, words())
  local chunk, message = wire.load(texts[path], source, globals)
  if not chunk then return nil, errors.make { code = "syntax", message = message } end
  local ok, value = pcall(chunk)
  if not ok then return nil, errors.from(value) end
  if type(value) == "table" and type(value.functions) == "table" then
    value.operations = value.operations or {}
  end
  if type(value) ~= "table" or type(value.operations) ~= "table" then
    return nil, errors.make { code = "bad_driver",
      message = path .. ": a driver's file must return { family, name, hosts, settings, "
        .. "operations = { … } }." }
  end
  return value
end

-- The operations as the host calls them.
local function complete(value)
  local common = families[value.family]
  if common then common.complete_all(value.operations, value) end
end

function handlers.module(_, path, text) texts[path] = text end

function handlers.load(_, path, given)
  local value, failure = load_file(path)
  if not value then return wire.send { "load_failed", errors.plain(failure) } end
  complete(value)
  declared, settings = value, given
  local sent, reason = wire.send { "loaded", describe() }
  if sent then return end
  wire.send { "load_failed", errors.plain(errors.make { code = "bad_driver",
    message = path .. ": what the driver declares must be plain data: " .. reason .. "." }) }
end

local function begin(id, phase, name, given)
  local call = { target = given.target, key = given.key, settings = settings,
    intent_at = given.intent_at, sent_at = given.sent_at, operation = name }
  local body = given["function"] and declared.functions[given["function"]]
    or (declared.operations[name] or {})[phase]
  calls.begin(id, function()
    if given.doctor then
      return doctor.examine(declared.doctor, call, (given.arguments or {}).changes)
    end
    if given["function"] then return body(given.argument, call) end
    if phase == "observe" or phase == "before" then return body(given.arguments, call) end
    if phase == "restore" then return body(given.arguments, given.before, given.result, call) end
    return body(given.arguments, given.before, call)
  end, { parts = given.parts or {} })
end

function handlers.call(_, id, phase, name, given, now_s)
  calls.now = now_s
  begin(id, phase, name, given)
end

function handlers.answer(_, id, k, ok, value, now_s)
  calls.now = now_s
  calls.answer(id, k, ok, value)
end

function handlers.drop(_, id) calls.drop(id) end

return function(with_wire)
  wire = with_wire
  calls.start(wire)
  serve(wire, handlers)
end
