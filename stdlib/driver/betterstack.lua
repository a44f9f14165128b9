-- Requests to Better Stack, for the drivers of several families that use it.
local api = require "driver.api"
local http = require "driver.http"

local M = {}

local per_page = 50

---One request with the setting `token`.
M.ask = api.of {
  name = "Better Stack",
  request = function(call) return { bearer = call.settings.token } end,
  why = function(told, status)
    local message = api.text_of(type(told) == "table" and (told.errors or told.message) or told)
    if status ~= 403 then return nil, message end
    return nil, ("%s. Check that the token is one of the team's Uptime API tokens"):format(
      tostring(message)), true
  end,
}

---All of a list, whatever its pages. `handles` as http.get takes it.
function M.list(call, path, query, handles)
  return http.pages(function(page)
    local asked = { per_page = per_page, page = page }
    for name, value in pairs(query or {}) do asked[name] = value end
    local told = M.ask(call, "get", path, { query = asked, handles = handles })
    return told.data, (told.pagination or {}).next and page + 1 or nil
  end, 1)
end

return M
