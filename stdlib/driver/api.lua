-- Requests to JSON APIs: what a provider refuses is raised in its own words.
local errors = require "vocabulary.errors"
local calls = require "driver.calls"
local http = require "driver.http"

local M = {}

-- Refusals by which nothing was executed; others (401, 408, 429, 5xx) the host judges by itself.
local refusals = { 400, 402, 403, 404, 405, 406, 409, 410, 412, 413, 415, 422, 423 }

local function merged(request, more)
  for name, value in pairs(more or {}) do
    if (name == "query" or name == "headers") and request[name] then
      for field, inner in pairs(value) do request[name][field] = inner end
    else
      request[name] = value
    end
  end
  return request
end

---What a provider said in one line, where it is a text or a map of field to texts.
function M.text_of(message)
  if type(message) ~= "table" then return message end
  local found = {}
  for field, texts in pairs(message) do
    found[#found + 1] = tostring(field) .. ": "
      .. (type(texts) == "table" and table.concat(texts, ", ") or tostring(texts))
  end
  table.sort(found)
  return table.concat(found, "; ")
end

---A function `ask(call, method, path, more, codes)` for one provider, which gives the answer's JSON
---and status. `provider` has its `name`, `request(call)`: what all requests have, and `why(json,
---status)`: the provider's code and message of a refusal, and true where it is one of credentials,
---then true where there were too many requests.
---`codes` names what a status or a code of the provider's means here; false: no error, but nil.
function M.of(provider)
  return function(call, method, path, more, codes)
    local request = merged({ url = call.settings.url, path = path, accept = refusals },
      provider.request(call))
    local answer = http[method](merged(request, more))
    if answer.status < 300 then return answer.json or {}, answer.status, answer.headers end
    if (codes or {})[answer.status] == false then return nil, answer.status end
    local told = answer.json or { message = answer.body }
    local code, message, denied, throttled = provider.why(told, answer.status)
    local named = (codes or {})[code or 0] or (codes or {})[answer.status] or "unexpected_status"
    error(errors.make { code = throttled and "throttled" or denied and "credentials_refused"
      or named, retry = throttled and "safe" or "never",
      detail = { status = answer.status, code = code }, at = calls.position(),
      message = ("%s: %s refused %s %s (%d%s): %s"):format(call.target, provider.name,
        method:upper(), path, answer.status, code and " " .. tostring(code) or "",
        tostring(message or "without a reason")) }, 0)
  end
end

return M
