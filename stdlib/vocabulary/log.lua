-- log: a line for the journal, the screen and the report; it is not an event and never waits.
local errors = require "vocabulary.errors"
local scheduler = require "vocabulary.scheduler"

local M = {}
local wire

function M.start(with_wire) wire = with_wire end

---Writes one line. Its key is (strand, last event, how many since), so that replay doubles none.
function M.write(level, text, data)
  local strand = scheduler.current()
  local id, n, k = "/", 0, 1
  if strand then
    strand.k = strand.k + 1
    id, n, k = strand.id, strand.n, strand.k
  end
  local sent, reason = wire.send { "log", id, n, k, level, text, data }
  if not sent then
    errors.raise("bad_argument", "What is logged cannot be kept in the journal: " .. reason
      .. ".", "never", scheduler.position())
  end
end

---log(text, data?): `data` is a table of plain values shown with the line.
function M.log(text, data)
  if type(text) ~= "string" then text = tostring(text) end
  if #text > 8192 then text = text:sub(1, 8192) .. " …" end
  if data ~= nil and type(data) ~= "table" then
    errors.raise("bad_argument", "The second argument of log is a table of plain values.",
      "never", scheduler.position())
  end
  M.write("info", text, data)
end

return M
