-- Style as a test: applies the rules of tests/tidy to every file of the repository.
-- Executed as `luajit tests/tidy.lua`, or with paths to look at only those files.
local folder = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = folder .. "/tidy/?.lua;" .. package.path

local rules = require("rules")
local self_test = require("self_test")

-- The text of a command's output; nil where it failed.
local function output_of(command)
  local pipe = assert(io.popen(command .. " && printf '\\nended well'"))
  local text = pipe:read("*a")
  pipe:close()
  return text:match("^(.*)\nended well$")
end

-- Every file git knows or would know, as { path, text } pairs. A checkout may belong to another
-- user than the one who tests it, as in containers.
local function read_files(root)
  local listed = output_of(("git -c safe.directory='*' -C '%s' ls-files -co --exclude-standard -z")
    :format(root))
  if not listed then
    io.stderr:write("tidy: git could not list the files of ", root, "\n")
    os.exit(1)
  end
  local found, seen = {}, {}
  for path in listed:gmatch("[^%z]+") do
    local file = not seen[path] and io.open(root .. "/" .. path, "rb")
    local text = file and file:read("*a")
    -- What fuzzers keep are bytes of any kind.
    if text and not path:find("^tests/fuzz/corpus/") then
      found[#found + 1] = { path, text }
    end
    if file then
      file:close()
    end
    seen[path] = true
  end
  return found
end

local function is_wanted(path)
  for _, wanted in ipairs(arg) do
    if path:sub(1, #wanted) == wanted then
      return true
    end
  end
  return #arg == 0
end

local tree = rules.tree(read_files(folder .. "/.."))
local passed, failed = self_test.run(print)
local findings = {}
for _, rule in ipairs(rules.all) do
  local found, made, clean = rules.apply(rule, tree)
  for _, finding in ipairs(found) do
    findings[#findings + 1] = is_wanted(finding.path) and finding or nil
  end
  passed, failed = passed + clean, failed + made - clean
end
table.sort(findings, function(one, other)
  if one.path ~= other.path then
    return one.path < other.path
  end
  return one.line < other.line
end)
for _, finding in ipairs(findings) do
  print(("%s:%d: %s: %s"):format(finding.path, finding.line, finding.rule, finding.message))
end
print(("tidy: %d passed, %d failed"):format(passed, failed))
os.exit(failed == 0 and 0 or 1)
