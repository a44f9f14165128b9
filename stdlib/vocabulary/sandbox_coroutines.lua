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

---A fresh coroutine library.
function M.library()
  local owned = setmetatable({}, { __mode = "k" })  -- To whether it has ended.
  local live = 0
  local library = {}

  local function check(co, name)
    if owned[co] == nil then
      error(("bad argument #1 to '%s' (coroutine of the script's own expected)"):format(name), 3)
    end
  end

  local function create(f, name, level)
    if type(f) ~= "function" then
      error(("bad argument #1 to '%s' (function expected, got %s)"):format(name, type(f)), level)
    end
    if live >= live_max then
      error(("A run may have %d coroutines that have not ended, and has them."):format(live_max),
        level)
    end
    local co = stock.create(f)
    owned[co] = false
    live = live + 1
    return co
  end

  local function finish(co, ok, first, ...)
    depth = depth - 1
    if rawequal(first, abandoned) then return M.abandon(...) end
    if not owned[co] and stock.status(co) == "dead" then
      owned[co] = true
      live = live - 1
    end
    return ok, first, ...
  end

  local function resume(co, ...)
    if depth >= depth_max then
      return false, ("Coroutines are nested more than %d deep."):format(depth_max)
    end
    depth = depth + 1
    return finish(co, stock.resume(co, ...))
  end

  local function unwrap(ok, ...)
    if ok then return ... end
    local failure = ...
    error(failure, 0)
  end

  function library.create(f) return create(f, "create", 3) end

  function library.resume(co, ...)
    check(co, "resume")
    return resume(co, ...)
  end

  function library.wrap(f)
    local co = create(f, "wrap", 3)
    return function(...) return unwrap(resume(co, ...)) end
  end

  function library.yield(...)
    if depth == 0 then
      error("coroutine.yield is called outside of any coroutine of the script's own.", 2)
    end
    return stock.yield(...)
  end

  function library.status(co)
    check(co, "status")
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
