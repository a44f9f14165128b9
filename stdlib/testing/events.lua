-- What the simulator tells while it executes: effects, and the moments at which others act.
local show = require "testing.show"
local units = require "vocabulary.units"

local M = {}

local wire
local on_effect  -- What is told each effect; nil: nothing.
local bodies = {}  -- What somebody else does just before a call, by number.
local deeds = {}  -- What was done so, a line each.
local acting  -- The call before which a body acts now; nil: none.
local told = 0  -- How many events are being told: one that is told may ask.
local problem  -- What a body raised.

function M.start(with_wire)
  wire = with_wire
  wire.on_event(function(event)
    told = told + 1
    if event.effect and on_effect then on_effect(event.effect) end
    local body = event.meanwhile and bodies[event.meanwhile]
    if body then
      acting = event.call
      local ok, raised = pcall(body, event.call)
      acting = nil
      if not ok then problem = problem or raised end
    end
    told = told - 1
  end)
end

---Calls `body` with each effect, as the world is after it; nil: nothing any more.
function M.on_effect(body) on_effect = body end

---The number by which a fault of the simulator names `body`, a function of the call.
function M.add(body)
  bodies[#bodies + 1] = body
  return #bodies
end

---Raises what a body raised since, where nothing else is being told.
function M.check()
  if told > 0 then return end
  local raised = problem
  problem = nil
  if raised then error(raised, 0) end
end

---Notes what a body does to a target, for the story.
function M.note(question)
  if not acting or question.kind ~= "control" then return end
  local at = wire.ask({ kind = "now", world = question.world }).value
  deeds[#deeds + 1] = ("  %s somebody else, just before %s:%s: %s %s %s"):format(
    units.date("%H:%M:%S", at), acting.target, acting.operation, question.target, question.name,
    next(question.arguments) and show.show(question.arguments) or "")
end

---What others did, a line each, for a failure.
function M.story() return table.concat(deeds, "\n") end

function M.forget()
  on_effect, bodies, deeds, acting, problem, told = nil, {}, {}, nil, nil, 0
end

return M
