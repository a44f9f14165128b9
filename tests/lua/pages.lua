-- The pages people read, as tests see them: blocks of code, and commands in the text.
local rig = require("rig")

local M = {}

local here = arg[0]:match("^(.*)/[^/]*$") or "."
local root = here .. "/../.."

M.root = root

---Every page that shows commands to people; docs/reference is made by the program itself.
function M.all()
  local found = {}
  for path in rig.shell(("cd %s && ls docs/*.md README.md runbooks/*/README.md"):format(
    rig.quoted(root))):gmatch("[^\n]+") do
    found[#found + 1] = path
  end
  return found
end

---The text of a page of the repository, or of one whose path is absolute.
function M.text(page)
  return assert(rig.read(page:sub(1, 1) == "/" and page or root .. "/" .. page), page)
end

-- The file a block is to be written into: the last path in the paragraph before it.
local function named_in(paragraph)
  local path
  for named in (paragraph or ""):gmatch("`([%w_/-]+%.%a+)`") do path = named end
  return path
end

local function lines_of(text) return (text .. "\n"):gmatch("(.-)\n") end

---The page's blocks in their order: { kind, body, line, path }, and what stands between them as
---{ line, text } in paragraphs.
function M.read(page)
  local blocks, paragraphs, block, paragraph, number = {}, {}, nil, nil, 0
  for line in lines_of(M.text(page)) do
    number = number + 1
    local fence = line:match("^%s*```%s*(%S*)")
    if fence and block then
      block.body = table.concat(block, "\n")
      blocks[#blocks + 1], block, paragraph = block, nil, nil
    elseif fence then
      local before = paragraph or paragraphs[#paragraphs]
      block = { kind = fence, line = number,
        path = fence ~= "sh" and fence ~= "text" and named_in(before and before.text) or nil }
      if #blocks > 0 and before and before.line < blocks[#blocks].line then block.path = nil end
    elseif block then
      block[#block + 1] = line
    elseif line == "" then
      paragraph = nil
    else
      if not paragraph then
        paragraph = { line = number, text = "" }
        paragraphs[#paragraphs + 1] = paragraph
      end
      paragraph.text = paragraph.text .. line .. "\n"
    end
  end
  if block then error(("%s:%d: The block has no end."):format(page, block.line), 0) end
  return blocks, paragraphs
end

---The commands of a block of kind sh, in their order: { text, line, code, types, until_shown }.
---A comment that says "exit code 3" says how it ends, else it ends with 0; "type: yes" says what is
---typed into it; of one in the background "until it shows: Text" says when one goes on.
function M.commands(block)
  local found, joined, first = {}, "", nil
  local number = block.line
  for line in lines_of(block.body) do
    number = number + 1
    first = first or number
    joined = joined .. line
    if joined:sub(-1) == "\\" then
      joined = joined:sub(1, -2)
    else
      local bare = (" " .. joined):gsub("%s#%s.*$", ""):match("^%s*(.-)%s*$")
      if bare ~= "" then
        found[#found + 1] = { text = bare, line = first,
          code = tonumber(joined:match("#.-exit code (%d+)") or 0),
          types = joined:match("#.-type: ([^;]+)"),
          until_shown = joined:match("&%s+#.-until it shows: ([^;]+)") }
      end
      joined, first = "", nil
    end
  end
  return found
end

-- What is written as a command: `perilune status`, `./dev test`; for short `run --plan FILE` and
-- `--plan FILE`.
local function is_command(text, known)
  if text:find("^%-%-%l") then return true end
  local first, second = text:match("^(%S+)%s+(%S+)")
  return first == "perilune" or first == "./dev"
    or known[first] ~= nil and second:sub(1, 2) == "--"
end

---The commands in the page's text, between backticks: { text, line }. `known` has the program's.
function M.quoted(page, known)
  local found = {}
  local _, paragraphs = M.read(page)
  for _, paragraph in ipairs(paragraphs) do
    local at = 1
    while true do
      local first, last, code = paragraph.text:find("`([^`]+)`", at)
      if not first then break end
      code = code:gsub("%s*\n%s*", " ")
      if is_command(code, known) then
        local _, lines = paragraph.text:sub(1, first):gsub("\n", "")
        found[#found + 1] = { text = code, line = paragraph.line + lines }
      end
      at = last + 1
    end
  end
  return found
end

-- Kinds of block that are commands by another name.
local shells = { bash = true, console = true, shell = true, zsh = true }

---What hides a command from the cases that execute them: { line, text }. A block of kind text does
---not: what stands in it must be what the commands before it print.
function M.hidden(page)
  local found = {}
  local function look(line, number)
    local command = line:match("^%s*%$?%s*(perilune .*)") or line:match("^%s*%$?%s*(%./dev .*)")
    if command then found[#found + 1] = { text = command, line = number } end
  end
  local blocks, paragraphs = M.read(page)
  for _, block in ipairs(blocks) do
    if shells[block.kind] then
      found[#found + 1] = { text = block[1], line = block.line }
    elseif block.kind ~= "sh" and block.kind ~= "text" then
      local number = block.line
      for line in lines_of(block.body) do
        number = number + 1
        look(line, number)
      end
    end
  end
  for _, paragraph in ipairs(paragraphs) do
    local number = paragraph.line
    for line in lines_of(paragraph.text) do
      if line:find("^    ") then look(line, number) end
      number = number + 1
    end
  end
  return found
end

return M
