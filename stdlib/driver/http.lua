-- http for drivers: requests that the host checks, signs, sends and, where they only read, repeats.
local calls = require "driver.calls"
local errors = require "vocabulary.errors"
local json = require "vocabulary.json"
local suggest = require "vocabulary.suggest"

local M = {}

-- What a request may have, and how the host knows it.
local fields = {
  url = true, path = true, query = true, headers = true, body = true, json = true, form = true,
  bearer = true, basic = true, sign = true, accept = true, reads = true, timeout = true,
  body_max = true, handles = true, once = true,
}
local field_names = {}
for name in pairs(fields) do field_names[#field_names + 1] = name end
table.sort(field_names)

local function check(method, request)
  local word = "http." .. method:lower()
  if type(request) ~= "table" then
    errors.raise("bad_argument", word .. " takes one table: " .. word .. " { url = …, path = … }.",
      "never", calls.position())
  end
  for name in pairs(request) do
    if not fields[name] then
      errors.raise("bad_argument", ("%s has no field \"%s\".%s"):format(word, tostring(name),
        suggest.did_you_mean(tostring(name), field_names)), "never", calls.position())
    end
  end
end

local function send(method, request)
  check(method, request)
  local headers, asked = {}, { method = method }
  for name, value in pairs(request.headers or {}) do headers[name] = value end
  for name, value in pairs(request) do asked[name] = value end
  if request.json ~= nil then
    asked.json = nil
    asked.body = json.encode(request.json)
    headers["Content-Type"] = headers["Content-Type"] or "application/json"
  end
  if request.bearer ~= nil then
    asked.bearer = nil
    headers.Authorization = "Bearer " .. request.bearer
  end
  asked.headers = headers
  return calls.ask("http", asked)
end

for _, method in ipairs { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE" } do
  M[method:lower()] = function(request) return send(method, request) end
end

---Reads page after page: `fetch(page)` returns a page's items and what the next call is given, nil
---at the end. Returns all items in one list.
function M.pages(fetch, first)
  local all, page = {}, first
  for _ = 1, 10000 do
    local items, following = fetch(page)
    for _, item in ipairs(items or {}) do all[#all + 1] = item end
    if following == nil then return all end
    page = following
  end
  errors.raise("too_many_pages", "The provider gave more than 10000 pages.", "never",
    calls.position())
end

return M
