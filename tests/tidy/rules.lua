-- Every rule, and how rules are applied to a tree of files.
local source = require("source")

local M = { all = {} }

for _, part in ipairs({ "text_rules", "shape_rules", "include_rules", "trap_rules", "binding_rules",
  "test_rules", "tree_rules", "definition_rules" }) do
  for _, rule in ipairs(require(part)) do
    M.all[#M.all + 1] = rule
  end
end

-- Makes a tree of { path, text } pairs.
function M.tree(pairs_of_text)
  local tree = { files = {} }
  for _, pair in ipairs(pairs_of_text) do
    tree.files[#tree.files + 1] = source.make(pair[1], pair[2])
  end
  return tree
end

local function applies(rule, file)
  local kinds = rule.kinds
  if not file.kind or kinds and not kinds[file.kind] then
    return false
  end
  return not (rule.skip and rule.skip(file))
end

-- Applies one rule: its findings { path, line, rule, message }, how many checks it made and how
-- many of them found nothing. A check is a rule and a file, or a rule and the tree.
function M.apply(rule, tree)
  local findings, made, clean = {}, 0, 0
  local function add(path, line, message)
    findings[#findings + 1] = { path = path, line = line, rule = rule.name, message = message }
  end
  local function count(before)
    made = made + 1
    clean = clean + (#findings == before and 1 or 0)
  end
  if rule.check_tree then
    rule.check_tree(tree, add)
    count(0)
    return findings, made, clean
  end
  for _, file in ipairs(tree.files) do
    if applies(rule, file) then
      local before = #findings
      rule.check(file, function(line, message)
        add(file.path, line, message)
      end)
      count(before)
    end
  end
  return findings, made, clean
end

return M
