-- The two providers of AI: which one is in use, and whether one answers.
local M = {}

M.names = { "openai", "anthropic" }

---The one that the application uses, by its flag.
function M.in_use(app)
  local flag = app:get_env({ names = { "AI_PROVIDER" } }).AI_PROVIDER
  return flag and flag.value or "openai"
end

---Whether one answers now. A plan does not know that of one that does not, so what `check` gives is
---looked at: nothing is decided as if it had answered.
function M.answers(name)
  return (pcall(function()
    local found = http(name):check { path = "/v1/models", expect = 200, timeout = "10s" }
    ensure(found ~= nil, "%s does not answer.", name)
  end))
end

return M
