-- Bounds how deep script code may be called from within C functions, which the VM does not.
--
-- A function given to string.gsub or table.sort executes on the C stack. LuaJIT does not count
-- that: gsub in gsub in gsub … ends in SIGSEGV long before Lua's own stack is full.
local M = {}

local depth_max = 100
local depth = 0

-- How the C functions' own complaints begin; what a script raises is passed on as it is.
local complaints = { "^bad argument #", "^invalid ", "^malformed pattern", "^unfinished capture",
  "^pattern too complex", "^missing '%['", "^attempt to compare " }

local function is_complaint(failure)
  if type(failure) ~= "string" then return false end
  for _, pattern in ipairs(complaints) do
    if failure:find(pattern) then return true end
  end
  return false
end

-- Its caller's frames are gone (each only returns the next call), so level 2 is the script's line.
local function finish(name, ok, ...)
  depth = depth - 1
  if ok then return ... end
  local failure = ...
  if is_complaint(failure) then error((failure:gsub("'%?'", "'" .. name .. "'")), 2) end
  error(failure, 0)
end

---Calls the C function `f`, which may call script functions. Use it as `return call(...)` only.
function M.call(name, f, ...)
  if depth >= depth_max then
    error(("%s is called more than %d times within itself."):format(name, depth_max), 2)
  end
  depth = depth + 1
  return finish(name, pcall(f, ...))
end

return M
