-- Follows a page from its first command to its last, as a reader would: in one shell, its files
-- written where it names them.
local rig = require("rig")
local pages = require("pages")

local M = {}

local programs = os.getenv("PERILUNE_BIN") or ".build/release/bin"

-- How a command is executed, and what is kept of it. The next one after a command in the background
-- is executed once that shows a text. One that is typed into gets a terminal, and
-- the line once it asks for it: what is typed before that would be thrown away.
local prelude = [[
trap 'kill $(jobs -p) 2>/dev/null' EXIT
ended() { printf '%d %d\n' "$1" "$2" >>@F@/codes; [ "$2" = "$3" ] || exit 0; }
shown() {
    until grep -qF -- "$3" @F@/out."$1"; do
        kill -0 "$2" || return 1
        sleep 0.05
    done
}
type_into() {
    mkfifo @F@/keys."$1"; exec 3<>@F@/keys."$1"
    script -qec "$3" /dev/null <@F@/keys."$1" 3>&- & local pid=$! code
    until grep -q 'Type:' @F@/out."$1" || ! kill -0 $pid 2>/dev/null; do sleep 0.05; done
    printf '%s\n' "$2" >&3
    wait $pid; code=$?
    exec 3>&-
    return $code
}
]]

-- A test never acts on a production, wherever a page may show how a person does.
local function refuse_production(page, command)
  local text = command.text
  if text:find("production", 1, true) and not text:find("^perilune check ") then
    error(("%s:%d: It would act on production, so say in not_executed why it is not executed: %s")
      :format(page, command.line, text), 0)
  end
end

-- The commands that are to be executed, each with the place where its output goes.
local function script_of(w, page, options)
  local folder, lines, commands, shown = w.folder .. "/followed", {}, {}, {}
  local function add(...) lines[#lines + 1] = (...):format(select(2, ...)) end
  for index, block in ipairs((pages.read(page))) do
    if block.kind == "sh" then
      shown = {}
      for _, command in ipairs(pages.commands(block)) do
        if not options.skip[command.text] then
          refuse_production(page, command)
          local number, text = #commands + 1, options.change(command.text)
          commands[number], shown[#shown + 1] = command, number
          if command.types then
            text = ("( type_into %d %s %s )"):format(number, rig.quoted(command.types),
              rig.quoted(text))
          end
          add("{ %s\n} >%s/out.%d 2>&1 </dev/null", text, folder, number)
          if command.until_shown then
            add("shown %d $! %s", number, rig.quoted(command.until_shown))
          end
          add("ended %d $? %d", number, command.code)
        end
      end
    elseif block.kind == "text" then
      if #shown == 0 then error(("%s:%d: No command is before it."):format(page, block.line), 0) end
      commands[shown[#shown]].shows = { block = block, numbers = shown }
    elseif block.path then
      w:file("followed/file." .. index, options.change(block.body) .. "\n")
      add("mkdir -p %s && cp %s/file.%d %s", rig.quoted(block.path:match("^(.*)/") or "."), folder,
        index, rig.quoted(block.path))
    elseif not options.fragments then
      error(("%s:%d: The paragraph before it names no file for it."):format(page, block.line), 0)
    end
  end
  return table.concat(lines, "\n") .. "\n", commands
end

local function output(w, number)
  return ((w:read("followed/out." .. number) or ""):gsub("\27%[[%d;]*%a", ""):gsub("\r", ""))
end

-- A text block shows lines of what the commands before it print; … stands for what differs.
local function check_shown(w, page, shows)
  local told = ""
  for _, number in ipairs(shows.numbers) do told = told .. output(w, number) end
  local at = 1
  for piece in (shows.block.body .. "\n"):gsub("…", "\n"):gmatch("[^\n]+") do
    piece = piece:match("^%s*(.-)%s*$")
    local _, last = told:find(piece, at, true)
    if not last then
      error(("%s:%d: It is not shown, or in another order: %s\nThis was:\n%s"):format(page,
        shows.block.line, piece, told), 0)
    end
    at = last + 1
  end
end

---Follows the page in `options.folder`, an absolute path (the case's library unless said
---otherwise); gives how many commands were executed. `skip` has those that are not, `change` takes
---a text of the page and gives what is executed, `ended` is a shell command for the end.
---`fragments` lets blocks be that are no whole file.
function M.follow(w, page, options)
  options = options or {}
  options.skip = options.skip or {}
  options.change = options.change or function(text) return text end
  local folder = options.folder or w.folder .. "/library"
  rig.shell(("mkdir -p %s/followed %s/home"):format(rig.quoted(w.folder), rig.quoted(w.folder)))
  local script, commands = script_of(w, page, options)
  local bin = programs:sub(1, 1) == "/" and programs or rig.shell("pwd") .. "/" .. programs
  -- Without TERM, as a scheduler or a container has it.
  w:file("followed/script", ("unset TERM\nexport HOME=@W@/home PERILUNE_STATE=@W@/state "
    .. "COLUMNS=100\nPATH=%s:$PATH\ncd %s || exit 1\n%s%s"):format(bin, rig.quoted(folder),
    (prelude:gsub("@F@", "@W@/followed")), script))
  local told = rig.shell(("timeout 240 bash %s 2>&1"):format(
    rig.quoted(w.folder .. "/followed/script")))
  if options.ended then rig.shell(options.ended) end
  local ended = {}
  for number, code in (w:read("followed/codes") or ""):gmatch("(%d+) (%d+)\n") do
    ended[tonumber(number)] = tonumber(code)
  end
  for number, command in ipairs(commands) do
    if ended[number] ~= command.code then
      error(("%s:%d: %s\nended with %s instead of %d:\n%s%s"):format(page, command.line,
        command.text, tostring(ended[number] or "nothing"), command.code, output(w, number), told),
        0)
    end
    if command.shows then check_shown(w, page, command.shows) end
  end
  return #commands
end

return M
