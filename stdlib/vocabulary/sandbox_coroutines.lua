-- Coroutines of the script's own: they compute, and cannot be taken for those of the scheduler.
local M = {}

local depth_max = 100    -- Resumes in each other; each takes of the C stack.
local live_max = 20000   -- Made and not yet ended; 200,000 kill the process.

local stock = {
  create = coroutine.create, resume = coroutine.resume, yield = coroutine.yield,
  status = coroutine.status, running = coroutine.running,
}
local depth = 0
local abandoned = {}  -- Yielded first, it passes through every resume on its way.

---How many of the script's own coroutines are executing in each other here; 0 in none.
---@return integer
function M.depth() return depth end

---Yields to the scheduler from however deep within the script's own coroutines, which are left as
---they stand: none of their code is executed again.
function M.abandon(...)
  if depth == 0 then return stock.yield(...) end
  return stock.yield(abandoned, ...)
end

local function unwrap(ok, ...)
  if ok then return ... end
  local failure = ...
  error(failure, 0)
end

-- Whose coroutines they are: only these are resumed or looked at.
local function make_owner()
  local ended = setmetatable({}, { __mode = "k" })  -- Each coroutine to whether it has ended.
  local live = 0
  local owner = {}

  function owner.check(co, name)
    if ended[co] == nil then
      error(("bad argument #1 to '%s' (coroutine of the script's own expected)"):format(name), 3)
    end
  end

  function owner.create(f, name)
    if type(f) ~= "function" then
      error(("bad argument #1 to '%s' (function expected, got %s)"):format(name, type(f)), 3)
    end
    if live >= live_max then
      error(("A run may have %d coroutines that have not ended, and has them."):format(live_max), 3)
    end
    local co = stock.create(f)
    ended[co] = false
    live = live + 1
    return co
  end

  local function finish(co, ok, first, ...)
    depth = depth - 1
    if rawequal(first, abandoned) then return M.abandon(...) end
    if not ended[co] and stock.status(co) == "dead" then
      ended[co] = true
      live = live - 1
    end
    return ok, first, ...
  end

  function owner.resume(co, ...)
    if depth >= depth_max then
      return false, ("Coroutines are nested more than %d deep."):format(depth_max)
    end
    depth = depth + 1
    return finish(co, stock.resume(co, ...))
  end

  return owner
end

---A fresh coroutine library.
function M.library()
  local owner = make_owner()
  local library = {}

  function library.create(f)
    local co = owner.create(f, "create")  -- No tail call: the error counts this frame.
    return co
  end

  function library.resume(co, ...)
    owner.check(co, "resume")
    return owner.resume(co, ...)
  end

  function library.wrap(f)
    local co = owner.create(f, "wrap")
    return function(...) return unwrap(owner.resume(co, ...)) end
  end

  function library.yield(...)
    if depth == 0 then
      error("coroutine.yield is called outside of any coroutine of the script's own.", 2)
    end
    return stock.yield(...)
  end

  function library.status(co)
    owner.check(co, "status")
    return stock.status(co)
  end

  function library.running()
    if depth == 0 then return nil end
    return (stock.running())
  end

  function library.isyieldable() return depth > 0 end

  return library
end

return M
