-- The library's own files: loaded once each, from the texts the host sent before the start.
local errors = require "vocabulary.errors"
local scheduler = require "vocabulary.scheduler"
local suggest = require "vocabulary.suggest"

local M = { texts = {}, problems = {}, loaded = {}, sources = {} }

local loading = {}
local wire, globals

function M.start(with_wire, with_globals)
  wire, globals = with_wire, with_globals
  scheduler.script_sources = M.sources
end

-- "traffic" and "lib.traffic" both mean lib/traffic.lua; "runbooks.a" means runbooks/a.lua.
local function candidates(name)
  local path = name:gsub("%.", "/")
  return { path .. ".lua", "lib/" .. path .. ".lua", path .. "/init.lua" }
end

---Executes the file at `path` once and returns what it returned.
function M.load(path)
  if M.loaded[path] ~= nil then return M.loaded[path] end
  if loading[path] then
    errors.raise("bad_library", ("%s requires itself, by way of other files."):format(path),
      "never", scheduler.position())
  end
  if M.problems[path] then errors.raise("syntax", M.problems[path], "never") end
  local source = "@" .. path
  M.sources[source] = true
  local chunk, message = wire.load(M.texts[path], source, globals)
  if not chunk then errors.raise("syntax", message, "never") end
  loading[path], scheduler.loading = true, scheduler.loading + 1
  local ok, value = pcall(chunk)
  loading[path], scheduler.loading = nil, scheduler.loading - 1
  if not ok then
    -- A script may raise what has no place; the file is known all the same.
    local failure = errors.from(value)
    failure.at = failure.at or path
    error(failure, 0)
  end
  if value == nil then value = true end
  M.loaded[path] = value
  return value
end

-- The library's own files come first; then lib/ of what it depends on, where one name must mean one
-- file.
local function find(name)
  for _, path in ipairs(candidates(name)) do
    if M.texts[path] or M.problems[path] then return path end
  end
  local inner = "/lib/" .. name:gsub("%.", "/")
  local found
  for _, texts in ipairs { M.texts, M.problems } do
    for path in pairs(texts) do
      local ending = path:match("^dependencies/[^/]+(/lib/.+)%.lua$")
      if ending and (ending == inner or ending == inner .. "/init") and path ~= found then
        if found then
          errors.raise("two_modules", ("%s and %s both are the module \"%s\". Rename one of them.")
            :format(found < path and found or path, found < path and path or found,
            name), "never", scheduler.position())
        end
        found = path
      end
    end
  end
  return found
end

---require for scripts: modules of the library and of what it depends on.
function M.require(name)
  if type(name) ~= "string" then
    errors.raise("bad_argument", "require needs a module's name.", "never", scheduler.position())
  end
  local path = find(name)
  if path then return M.load(path) end
  local known = {}
  for path in pairs(M.texts) do
    known[#known + 1] = path:gsub("^dependencies/[^/]+/", ""):gsub("^lib/", "")
      :gsub("%.lua$", ""):gsub("/", ".")
  end
  table.sort(known)
  errors.raise("no_such_module", ("There is no module \"%s\" in this library or in what it "
    .. "depends on.%s"):format(name, suggest.did_you_mean(name, known)), "never",
    scheduler.position())
end

return M
