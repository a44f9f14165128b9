-- Where a test file, or a file of the library that it requires, called a word.
local modules = require "vocabulary.modules"

-- "tests/shop_test.lua:12" of the innermost such line from `level` on; nil where there is none.
return function(level)
  for above = level + 1, level + 40 do
    local info = debug.getinfo(above, "Sl")
    if not info then return nil end
    if modules.sources[info.source] and info.currentline > 0 then
      return ("%s:%d"):format(info.short_src, info.currentline)
    end
  end
end
