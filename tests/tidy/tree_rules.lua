-- Rules about the tree as a whole: what may stand at the top.

local at_the_top = {
  ["CMakeLists.txt"] = true, ["CMakePresets.json"] = true, interpreter = true, stdlib = true,
  runbooks = true, bindings = true, tests = true, docs = true, ["README.md"] = true,
  LICENSE = true, dev = true, ["CHANGELOG.md"] = true,
}

local function check_top(tree, report)
  local seen = {}
  for _, file in ipairs(tree.files) do
    local first = file.path:match("^[^/]+")
    if not at_the_top[first] and first:sub(1, 1) ~= "." and not seen[first] then
      report(file.path, 1, first .. " does not belong at the top of the tree")
      seen[first] = true
    end
  end
end

return {
  { name = "top", check_tree = check_top },
}
