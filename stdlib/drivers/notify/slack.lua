-- Slack: messages through an incoming webhook, whose address is itself the secret.

-- A mark for who reads the text alone, as in a notification; a colour for the bar beside the word.
local severities = {
  critical = { mark = ":red_circle:", colour = "#ff0000" },
  error = { mark = ":large_orange_circle:", colour = "#ff6600" },
  warning = { mark = ":large_yellow_circle:", colour = "#ff9900" },
  info = { mark = ":large_green_circle:", colour = "#36a64f" },
}
local resolved = { mark = ":white_check_mark:", colour = severities.info.colour }

-- Slack's three control characters (formatting text for app surfaces, "Escaping text").
local function escape(text)
  return (text:gsub("&", "&amp;"):gsub("<", "&lt;"):gsub(">", "&gt;"))
end

local function text_of(operation, arguments, mark)
  local title = arguments.title or (arguments.key and arguments.key .. ": "
    .. (arguments.summary or arguments.state or operation)) or nil
  local lines = {}
  if title then lines[#lines + 1] = ("%s *%s*"):format(mark, escape(title)) end
  local body = arguments.text or arguments.detail
  if body then lines[#lines + 1] = (title and "" or mark .. " ") .. escape(body) end
  if arguments.fields then lines[#lines + 1] = escape(notify.fields_text(arguments.fields)) end
  if arguments.components then
    lines[#lines + 1] = "Affected: " .. escape(table.concat(arguments.components, ", "))
  end
  for _, link in ipairs(arguments.links or {}) do lines[#lines + 1] = "<" .. escape(link) .. ">" end
  return table.concat(lines, "\n")
end

-- The webhook answers 200 with the text "ok" (Slack, "Sending messages using incoming webhooks").
local function message(operation, arguments)
  local word = operation == "resolve" and "resolved" or arguments.severity or arguments.state
    or "info"
  -- An incident that goes on has the colour of a warning where nobody says how bad it is.
  local shown = severities[word] or word == "resolved" and resolved or severities.warning
  return { text = text_of(operation, arguments, shown.mark),
    attachments = { { color = shown.colour, text = word, fallback = word } } }
end

local function post(operation)
  return { act = function(arguments, _, call)
    http.post { url = call.settings.url, json = message(operation, arguments) }
    return {}
  end }
end

return {
  family = "notify",
  name = "slack",
  doc = "A Slack channel by its incoming webhook. Slack keeps no incidents: each message stands "
    .. "for itself, its key is shown in front, and its severity stands beside a bar of its colour.",
  hosts = { "{url}" },
  -- One message a second (Slack, "Rate limits").
  limits = { at_once = 1, a_second = 1 },
  settings = {
    { name = "url", secret = true, doc = "The webhook's address, which lets anybody post." },
    { name = "certificate_authority", optional = true,
      doc = "A PEM file with the authority to trust instead of the system's." },
  },
  doctor = { cannot = { "whether the webhook is one that Slack knows: Slack tells it only by "
    .. "posting. Send a message by a runbook, once, in the daytime" } },
  operations = {
    send = post "send", open = post "open", update = post "update", resolve = post "resolve",
  },
}
