-- X: public posts of one account.

local text_max = 280
-- Every address is shown as a short one of 23 letters (X, "Counting characters").
local address_length = 23
local ends = { resolve = "Resolved", update = "Update", open = "Incident" }

-- How X counts: letters up to U+10FF and some punctuation count once, all others twice.
local function length_of(text)
  local count = 0
  for letter in text:gmatch("[%z\1-\127\194-\244][\128-\191]*") do
    local lead = letter:byte()
    local narrow = lead < 0xE1 or lead == 0xE1 and letter < "\225\132\128"
      or letter >= "\226\128\144" and letter <= "\226\128\159"
    count = count + (narrow and 1 or 2)
  end
  return count
end

local function cut(text, length_max)
  while length_of(text) > length_max do
    text = text:gsub("…$", ""):gsub("[%z\1-\127\194-\244][\128-\191]*$", "") .. "…"
  end
  return text
end

local function text_of(operation, arguments)
  local head = arguments.title or ends[operation]
  local text = arguments.text or arguments.summary
  if head then text = head .. ": " .. text end
  local link = (arguments.links or {})[1]
  if not link then return cut(text, text_max) end
  return cut(text, text_max - address_length - 1) .. "\n" .. link
end

-- A text that was posted already is refused: so it can be sent again without being there twice.
local function post(operation)
  return { repeatable = true, act = function(arguments, _, call)
    local answer = http.post { url = call.settings.url, path = "/2/tweets",
      bearer = call.settings.token, json = { text = text_of(operation, arguments) },
      accept = { 403 } }
    local told = answer.json or {}
    if answer.status ~= 403 then return { id = told.data and told.data.id } end
    if tostring(told.detail):lower():find("duplicate", 1, true) then return { changed = false } end
    fail { code = "unexpected_status", message = ("%s: X refused the post (403): %s"):format(
      call.target, tostring(told.detail or told.title)) }
  end }
end

return {
  family = "notify",
  name = "x",
  doc = "An account on X. Each message is a public post, cut to 280 characters with its first link "
    .. "at the end. X keeps no incidents; a text that was posted already is not posted again.",
  hosts = { "{url}" },
  settings = {
    { name = "token", secret = true,
      doc = "An OAuth 2.0 user token of the account, with the scope tweet.write." },
    { name = "url", default = "https://api.x.com", doc = "Where the API is." },
  },
  doctor = {
    checks = { "the token (GET /2/users/me)" },
    cannot = { "whether the token has the scope tweet.write: X tells it only by posting" },
    ask = function(say, call)
      local answer = http.get { url = call.settings.url, path = "/2/users/me",
        bearer = call.settings.token, accept = { 401, 403 } }
      local me = (answer.json or {}).data
      if answer.status == 401 then
        say.refused("X does not know the token (401)", "Have the account give a new one.")
      elseif me then
        say.well("the token is one of the account " .. tostring(me.username))
      else
        say.unchecked("whose token it is: it may not read users (scope users.read)")
      end
    end,
  },
  operations = {
    send = post "send", open = post "open", update = post "update", resolve = post "resolve",
  },
}
