-- XML that providers answer with, as plain tables; a small and strict part of XML 1.0.
--
-- An element is { name, text, attributes, children }; its text includes that of CDATA sections. A
-- document type is refused, so there are no entities but XML's five and numbers: no answer can make
-- a text grow or name a file.
local M = {}

local depth_max = 64
local find, sub, match, gsub, char = string.find, string.sub, string.match, string.gsub,
  string.char
local entities = { lt = "<", gt = ">", amp = "&", quot = '"', apos = "'" }
local name_pattern = "^[%a_][%w_.:-]*"

local function fail(state, what)
  error({ reason = ("%s at byte %d"):format(what, state.at) }, 0)
end

-- The UTF-8 of a code point that XML allows.
local function utf8_of(code)
  if code < 0x80 then return char(code) end
  if code < 0x800 then return char(0xC0 + math.floor(code / 64), 0x80 + code % 64) end
  if code < 0x10000 then
    return char(0xE0 + math.floor(code / 4096), 0x80 + math.floor(code / 64) % 64,
      0x80 + code % 64)
  end
  return char(0xF0 + math.floor(code / 262144), 0x80 + math.floor(code / 4096) % 64,
    0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
end

local function character(reference)
  local code = tonumber(match(reference, "^#(%d+)$"))
    or tonumber(match(reference, "^#x(%x+)$") or "", 16)
  if not code or code > 0x10FFFF or (code >= 0xD800 and code < 0xE000) then return nil end
  if code < 32 and code ~= 9 and code ~= 10 and code ~= 13 then return nil end
  return utf8_of(code)
end

local function plain(state, text)
  if not find(text, "&", 1, true) then return text end
  return (gsub(text, "&([^;&]*);?", function(reference)
    local known = entities[reference] or character(reference)
    if not known then fail(state, "the entity \"&" .. sub(reference, 1, 20) .. ";\" is unknown") end
    return known
  end))
end

local function skip_past(state, mark, what)
  local _, last = find(state.text, mark, state.at, true)
  if not last then fail(state, what .. " without an end") end
  state.at = last + 1
end

local function add_text(element, text)
  if element then element.text = element.text .. text end
end

local function read_attributes(state, element)
  while true do
    local space = match(state.text, "^%s*()", state.at)
    local close, after = match(state.text, "^(/?>)()", space)
    if close then
      state.at = after
      return close == "/>"
    end
    local name = space > state.at and match(state.text, name_pattern, space)
    local quote, value, beyond
    if name then
      quote, value = match(state.text, "^%s*=%s*(['\"])()", space + #name)
      beyond = quote and find(state.text, quote, value, true)
    end
    if not beyond then fail(state, "a tag that cannot be read") end
    element.attributes[name] = plain(state, sub(state.text, value, beyond - 1))
    state.at = beyond + 1
  end
end

local function open_element(state)
  local name = match(state.text, name_pattern, state.at + 1)
  if not name then fail(state, "a \"<\" that begins no tag") end
  local element = { name = name, text = "", attributes = {}, children = {} }
  local parent = state.open[#state.open]
  if parent then
    parent.children[#parent.children + 1] = element
  elseif state.root then
    fail(state, "a second root element")
  end
  state.root = state.root or element
  state.at = state.at + 1 + #name
  if read_attributes(state, element) then return end
  if #state.open >= depth_max then fail(state, "more than 64 elements in each other") end
  state.open[#state.open + 1] = element
end

local function close_element(state)
  local name, after = match(state.text, "^</([^%s>]+)%s*>()", state.at)
  local element = state.open[#state.open]
  if not element or element.name ~= name then fail(state, "an end tag that closes nothing") end
  state.open[#state.open] = nil
  state.at = after
end

-- What begins with "<" at the place that is read.
local function read_markup(state)
  local text, at = state.text, state.at
  if sub(text, at, at + 3) == "<!--" then return skip_past(state, "-->", "a comment") end
  if sub(text, at, at + 8) == "<![CDATA[" then
    skip_past(state, "]]>", "a CDATA section")
    return add_text(state.open[#state.open], sub(text, at + 9, state.at - 4))
  end
  if sub(text, at, at + 1) == "<?" then return skip_past(state, "?>", "an instruction") end
  if sub(text, at, at + 1) == "<!" then fail(state, "a document type, which is refused,") end
  if sub(text, at, at + 1) == "</" then return close_element(state) end
  open_element(state)
end

local function read(text)
  local state = { text = text, at = 1, open = {} }
  while state.at <= #text do
    local next_mark = find(text, "<", state.at, true) or #text + 1
    local between = sub(text, state.at, next_mark - 1)
    local inside = state.open[#state.open]
    if not inside and find(between, "[^%s\239\187\191]") then
      fail(state, "text outside of the root element")
    end
    add_text(inside, plain(state, between))
    state.at = next_mark
    if next_mark <= #text then read_markup(state) end
  end
  if #state.open > 0 then fail(state, "the end inside <" .. state.open[#state.open].name .. ">") end
  if not state.root then fail(state, "no element") end
  return state.root
end

---The root element of an XML text. Raises where it is none, with the byte.
function M.decode(text)
  if type(text) ~= "string" then
    error("xml.decode needs text, but was given a " .. type(text) .. ".", 2)
  end
  local well, found = pcall(read, text)
  if well then return found end
  if type(found) ~= "table" then error(found, 0) end
  error("xml.decode: there is " .. found.reason .. ".", 2)
end

---The elements at the end of a path of names below an element: xml.all(root, "Rules.member").
function M.all(element, path)
  local found = { element }
  for name in path:gmatch("[^.]+") do
    local below = {}
    for _, one in ipairs(found) do
      for _, child in ipairs(one.children) do
        if child.name == name then below[#below + 1] = child end
      end
    end
    found = below
  end
  return found
end

---The text of the first element at the end of such a path; nil where there is none.
function M.text(element, path)
  local first = M.all(element, path)[1]
  return first and first.text
end

---Text as it may stand in an element or an attribute.
function M.escape(text)
  return (gsub(tostring(text), "[<>&\"'\r]", { ["<"] = "&lt;", [">"] = "&gt;", ["&"] = "&amp;",
    ['"'] = "&quot;", ["'"] = "&apos;", ["\r"] = "&#13;" }))
end

return M
