-- Strands: lines of execution that wait for the host, resumed one delivery at a time, in order.
--
-- A strand is a stack of coroutines (frames). A step's body runs in a frame of its own, so that a
-- timeout can drop it without running any of its code. Frames yield one of the tags below.
local errors = require "vocabulary.errors"
local kin = require "vocabulary.kin"

local M = {
  now = 0,         -- The time stamped on the last delivery.
  strands = {},    -- By id; a dropped or ended strand stays as `false`.
  queue = {},      -- Strands to resume, first in first out.
  queue_first = 1,
  queue_last = 0,
  loading = 0,     -- Above 0 while a module is being loaded: nothing may wait there.
  planning = false,
  recorded = {},   -- Plans of the rest of a run: by strand, the number of its last recorded event.
}

local call_tag, wait_tag, join_tag, horizon_tag = {}, {}, {}, {}
local current  -- The strand being resumed, or nil.
local wire
local raw_pcall, unpack = pcall, unpack

local function pack(...) return { n = select("#", ...), ... } end

function M.start(with_wire) wire = with_wire end

---The strand and frame a waiting word is called on. Raises `cannot_wait` where waiting is not
---possible, before anything has been sent.
function M.here(word)
  local strand = current
  local frame = strand and strand.frames[#strand.frames]
  if not frame or M.loading > 0 then
    errors.raise("cannot_wait", word .. " may only be called while the runbook executes, not "
      .. "while a file is being loaded.", "never", M.position())
  end
  if coroutine.running() ~= frame.co or not coroutine.isyieldable() then
    errors.raise("cannot_wait", word .. " cannot wait here: not inside the script's own "
      .. "coroutines, table.sort, string.gsub or a metamethod. Call it from the runbook's own "
      .. "function.", "never", M.position())
  end
  return strand, frame
end

function M.current() return current end

---"runbooks/name.lua:12" of the innermost script line, or nil.
function M.position()
  for level = 3, 40 do
    local info = debug.getinfo(level, "Sl")
    if not info then return nil end
    if M.script_sources and M.script_sources[info.source] and info.currentline > 0 then
      return info.short_src .. ":" .. info.currentline
    end
  end
end

local function enqueue(strand, ...)
  M.queue_last = M.queue_last + 1
  M.queue[M.queue_last] = { strand, pack(...) }
end

---Makes a strand that will run `body`; `on_end(ok, ...)` is called when it ends.
function M.new_strand(id, scope, parent, body, on_end)
  local strand = {
    id = id, n = 0, k = 0, scope = scope, frames = {}, now = M.now, steps = 0, on_end = on_end,
    parent = parent, opened_depth = parent and #parent.frames or 0, children = {}, open = {},
    guarded = parent and M.is_guarded(parent) or false,
    probing = parent and M.is_probing(parent) or nil,
    names = parent and parent.names or {},
  }
  strand.frames[1] = { co = coroutine.create(body), guards = 0 }
  if parent then kin.add(parent, strand) end
  M.strands[id] = strand
  enqueue(strand)
  return strand
end

---True where a pcall or try encloses what happens now in this strand.
function M.is_guarded(strand)
  if strand.guarded then return true end
  for _, frame in ipairs(strand.frames) do
    if frame.guards > 0 then return true end
  end
  return false
end

---The name of the probe (`when`, `verify`, wait_until, hold) that is being evaluated, or nil.
function M.is_probing(strand)
  for _, frame in ipairs(strand.frames) do
    if frame.probing then return frame.probing end
  end
  return strand.probing
end

---Sends an event and returns its number.
function M.emit(strand, kind, name, target, data, at)
  local n = strand.n + 1
  local sent, reason = wire.send { "event", strand.id, n, strand.scope, kind, name, target, data,
    at or M.position() or "" }
  if not sent then
    errors.raise("bad_argument", ("What is given to %s cannot be kept in the journal: %s.")
      :format(target ~= "" and target .. ":" .. name or name, reason), "never", M.position())
  end
  strand.n, strand.k = n, 0
  return n
end

---Sends an event and waits for its answer: true and a value, or false and an error table.
function M.perform(kind, name, target, data)
  local strand = M.here(target ~= "" and target .. ":" .. name or name)
  strand.waiting = M.emit(strand, kind, name, target, data)
  return coroutine.yield(wait_tag)
end

---Executes `body` in a frame of its own: "returned", values … | "raised", error |
---"interrupted", why, value.
function M.call(body, ...)
  return coroutine.yield(call_tag, body, ...)
end

---Waits until a child of this strand wakes it (see branches.lua).
function M.join()
  current.joining = true
  return coroutine.yield(join_tag)
end

---True where the strand's further events are predicted: in a plan, past what a journal holds of it.
function M.plans(strand)
  return M.planning and strand.n >= (M.recorded[strand.id] or M.recorded["*"] or 0)
end

---Plans only: this strand's plan ends here, because what follows depends on an unknown; inside of
---what may be assumed (waits.lua), only that ends.
function M.horizon(source)
  local strand = current
  if not strand then return end
  if strand.assuming and coroutine.isyieldable() then
    M.drop_above(strand, strand.assuming)
    enqueue(strand, "interrupted", "horizon")
    coroutine.yield(horizon_tag)
  end
  M.emit(strand, "horizon", "horizon", "", { source = source })
  M.drop_above(strand, 0)
  if coroutine.isyieldable() then coroutine.yield(horizon_tag) end
  errors.raise("horizon", "What follows depends on a value that only the run will know.")
end

---Opens the scope of event `n`; a timeout or skip of it drops the frames above this one.
function M.enter(strand, n)
  local scope = strand.id .. "#" .. n
  strand.scope = scope
  strand.open[#strand.open + 1] = { n = n, depth = #strand.frames, scope = scope }
  return scope
end

function M.leave(strand, scope)
  while #strand.open > 0 do
    local closed = table.remove(strand.open)
    if closed.scope == scope then return end
  end
end

function M.drop(strand)
  strand.dropped = true
  kin.remove(strand)
  M.drop_above(strand, 0)
  M.strands[strand.id] = false
end

---Drops the frames above `depth` and every strand that was opened from them.
function M.drop_above(strand, depth)
  for index = #strand.frames, depth + 1, -1 do strand.frames[index] = nil end
  for _, child in ipairs(kin.take_above(strand, depth)) do M.drop(child) end
  strand.waiting, strand.joining = nil, nil
end

local function end_strand(strand, ok, ...)
  M.strands[strand.id] = false
  strand.ended = true
  kin.remove(strand)
  if strand.on_end then strand.on_end(ok, ...) end
end

local function resume(strand, values)
  while true do
    local frame = strand.frames[#strand.frames]
    if not frame or strand.dropped then return end
    current = strand
    local results = pack(coroutine.resume(frame.co, unpack(values, 1, values.n)))
    current = nil
    if strand.dropped or #strand.frames == 0 then return end
    local dead = coroutine.status(frame.co) == "dead"
    if dead then
      strand.frames[#strand.frames] = nil
      local ok = results[1]
      if #strand.frames == 0 then
        return end_strand(strand, ok, unpack(results, 2, results.n))
      end
      values = pack(ok and "returned" or "raised", unpack(results, 2, results.n))
    elseif results[2] == call_tag then
      strand.frames[#strand.frames + 1] = { co = coroutine.create(results[3]), guards = 0 }
      values = pack(unpack(results, 4, results.n))
    elseif results[2] == wait_tag or results[2] == join_tag or results[2] == horizon_tag then
      return
    else
      values = pack()
      errors.raise("bug", "A frame yielded something unknown.")
    end
  end
end

---Resumes a strand that waits for its children; once, however many of them end in one turn.
function M.wake(strand, ...)
  if strand.dropped or not strand.joining then return end
  strand.joining = nil
  enqueue(strand, ...)
end

---Works everything that can go on now, first in first out.
function M.drain()
  while M.queue_first <= M.queue_last do
    local item = M.queue[M.queue_first]
    M.queue[M.queue_first] = nil
    M.queue_first = M.queue_first + 1
    resume(item[1], item[2])
  end
end

local function interrupt(strand, n, why, value)
  for index, open in ipairs(strand.open) do
    if open.n == n then
      for later = #strand.open, index + 1, -1 do strand.open[later] = nil end
      M.drop_above(strand, open.depth)
      strand.scope = open.scope
      enqueue(strand, "interrupted", why, value)
      return
    end
  end
end

---Hands one recorded answer to the strand that waits for it. Returns false where the strand could
---not have asked for it yet: the replay does not match.
function M.deliver(id, n, now, how, value)
  M.now = math.max(M.now, now)
  local strand = M.strands[id]
  if strand == nil then return false end
  if not strand then return true end
  strand.now = M.now
  if how == "timeout" or how == "skip" then
    if strand.n < n then return false end
    interrupt(strand, n, how, value)
  elseif strand.waiting == n then
    strand.waiting = nil
    enqueue(strand, how == "ok", value)
  else
    return strand.n >= n
  end
  return true
end

local function guarded(original, ...)
  local strand = current
  local frame = strand and strand.frames[#strand.frames]
  if not frame or coroutine.running() ~= frame.co then return original(...) end
  frame.guards = frame.guards + 1
  local results = pack(original(...))
  frame.guards = frame.guards - 1
  return unpack(results, 1, results.n)
end

---pcall that the scheduler knows of, so that a failure inside unwinds to it and asks nobody.
function M.pcall(f, ...) return guarded(raw_pcall, f, ...) end

---xpcall likewise; the handler may not wait.
function M.xpcall(f, handler, ...) return guarded(xpcall, f, handler, ...) end

---Evaluates `body` as a probe: it may only observe. Errors pass through.
function M.probe(name, body, ...)
  local _, frame = M.here(name)
  local outer = frame.probing
  frame.probing = name
  local results = pack(raw_pcall(body, ...))
  frame.probing = outer
  if not results[1] then error(results[2], 0) end
  return unpack(results, 2, results.n)
end

---Refuses a word that a probe may not use.
function M.refuse_in_probe(strand, word)
  local probe = M.is_probing(strand)
  if probe then
    errors.raise("not_in_probe", ("%s is not allowed inside %s: what is polled may only observe.")
      :format(word, probe), "never", M.position())
  end
end

return M
