-- A server that answers every request with a redirect to its own /elsewhere, and notes each path.
-- Executed as `luajit tests/lua/redirecting.lua FOLDER`: its port is written to FOLDER/port, the
-- paths it was asked for to FOLDER/asked.
local ffi = require("ffi")

ffi.cdef [[
struct address { uint16_t family; uint8_t port[2]; uint8_t host[4]; uint8_t rest[8]; };
int socket(int, int, int);
int bind(int, const struct address *, uint32_t);
int getsockname(int, struct address *, uint32_t *);
int listen(int, int);
int accept(int, void *, void *);
intptr_t read(int, void *, size_t);
intptr_t write(int, const void *, size_t);
int close(int);
int getpid(void);
unsigned alarm(unsigned);
]]

local folder = arg[1]

local function note(name, text, mode)
  local file = assert(io.open(folder .. "/" .. name, mode))
  file:write(text)
  file:close()
end

local function open_port()
  local listener = ffi.C.socket(2, 1, 0)  -- IPv4, a stream.
  local address = ffi.new("struct address", { family = 2, host = { 127, 0, 0, 1 } })
  local size = ffi.new("uint32_t[1]", ffi.sizeof(address))
  assert(ffi.C.bind(listener, address, size[0]) == 0 and ffi.C.listen(listener, 8) == 0)
  assert(ffi.C.getsockname(listener, address, size) == 0)
  return listener, address.port[0] * 256 + address.port[1]
end

ffi.C.alarm(60)  -- It ends even where nobody ends it.
local listener, port = open_port()
note("asked", "", "wb")
note("pid", tostring(ffi.C.getpid()), "wb")
note("port", port .. "\n", "wb")
local buffer = ffi.new("char[8192]")
while true do
  local connection = ffi.C.accept(listener, nil, nil)
  local request = ffi.string(buffer, math.max(0, tonumber(ffi.C.read(connection, buffer, 8192))))
  note("asked", (request:match("^%S+ %S+") or "nothing") .. "\n", "ab")
  local answer = ("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/elsewhere\r\n"
    .. "Content-Length: 0\r\nConnection: close\r\n\r\n"):format(port)
  ffi.C.write(connection, answer, #answer)
  ffi.C.close(connection)
end
