-- One name, one definition: the linker keeps one constructor for two structures of one name, and
-- says nothing of it.

-- Calls `visit` with each type that a file defines at the beginning of a line, with its namespace;
-- what is in a namespace without a name is the file's own.
local function each_type(file, visit)
  local spaces, number = {}, 0
  for line in (file.text .. "\n"):gmatch("([^\n]*)\n") do
    number = number + 1
    local space = line:match("^namespace%s+([%w_:]*)%s*{")
    if space then
      spaces[#spaces + 1] = space
    elseif line:find("^}%s*//%s*namespace") then
      spaces[#spaces] = nil
    else
      local kind, name, rest = line:match("^(%l+)%s+(%u[%w_]*)(.*)$")
      -- Its end may stand on a later line; a declaration's does not, and Outer::Inner is a part.
      local defines = (kind == "struct" or kind == "class" or kind == "union")
        and not rest:find("^::") and not rest:find(";%s*$")
      local own = false
      for _, one in ipairs(spaces) do
        own = own or one == ""
      end
      if defines and not own then
        visit(table.concat(spaces, "::") .. "::" .. name, number)
      end
    end
  end
end

local function check_types(tree, report)
  local first = {}
  for _, file in ipairs(tree.files) do
    if file.kind == "h" or file.kind == "cpp" then
      each_type(file, function(name, line)
        if first[name] then
          report(file.path, line, ("%s is defined in %s too; two definitions of one name are one "
            .. "to the linker"):format(name, first[name]))
        end
        first[name] = first[name] or file.path
      end)
    end
  end
end

return {
  { name = "definition", check_tree = check_types },
}
